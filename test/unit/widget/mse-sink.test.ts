import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mediaSourceClass, MseSink, type MseSinkOptions } from '../../../widget/media/mse-sink.js';

/**
 * A fake of Media Source Extensions: a real browser's memory for media is too large to be filled in a test, and its decoder
 * fails when it likes. With a real one the sink is tested in widget/elements/instant.test.ts.
 */
class FakeSourceBuffer extends EventTarget {
  updating = false;
  timestampOffset = 0;
  ranges: [number, number][] = [];
  /** It has no room. */
  isFull = false;
  calls: unknown[][] = [];

  get buffered() {
    return rangesOf(this.ranges);
  }

  appendBuffer(bytes: Uint8Array): void {
    this.calls.push(['append', ...bytes]);
    if (this.isFull) throw new DOMException('', 'QuotaExceededError');
    this.updating = true;
  }

  remove(start: number, end: number): void {
    this.calls.push(['remove', start, end]);
    this.updating = true;
  }

  changeType(type: string): void {
    this.calls.push(['changeType', type]);
  }

  done(): void {
    this.updating = false;
    this.dispatchEvent(new Event('updateend'));
  }
}

class FakeMediaSource extends EventTarget {
  static made: FakeMediaSource[] = [];
  readyState = 'closed';
  duration = NaN;
  buffers: FakeSourceBuffer[] = [];

  constructor() {
    super();
    FakeMediaSource.made.push(this);
  }

  addSourceBuffer(type: string): FakeSourceBuffer {
    if (type === 'refused') throw new DOMException('no such decoder', 'NotSupportedError');
    const buffer = new FakeSourceBuffer();
    this.buffers.push(buffer);
    return buffer;
  }

  endOfStream(): void {
    this.readyState = 'ended';
  }

  open(): void {
    this.readyState = 'open';
    this.dispatchEvent(new Event('sourceopen'));
  }
}

/** As iPhones have it. */
class FakeManagedMediaSource extends FakeMediaSource {
  streaming = false;
}

class FakeVideo extends EventTarget {
  src = '';
  disableRemotePlayback = false;
  currentTime = 0;
  error: { message: string } | null = null;
  buffered = rangesOf([]);
  load = vi.fn();

  removeAttribute(): void {
    this.src = '';
  }
}

function rangesOf(ranges: [number, number][]): TimeRanges {
  return {
    length: ranges.length,
    start: (index) => ranges[index]![0],
    end: (index) => ranges[index]![1],
  };
}

const revoke = vi.fn();

function setUp(options: MseSinkOptions = {}) {
  const video = new FakeVideo();
  const errors: Error[] = [];
  const onAppended = vi.fn();
  const sink = new MseSink(
    video as unknown as HTMLVideoElement,
    { onAppended, onError: (error) => errors.push(error) },
    options,
  );
  const source = FakeMediaSource.made.at(-1)!;
  /** With the first init segment, of the byte 0, in it. */
  const begin = (): FakeSourceBuffer => {
    source.open();
    sink.init('a', Uint8Array.of(0), -5);
    const buffer = source.buffers[0]!;
    buffer.done();
    buffer.calls = [];
    return buffer;
  };
  return { sink, video, source, errors, onAppended, begin };
}

beforeEach(() => {
  vi.stubGlobal('MediaSource', FakeMediaSource);
  vi.spyOn(URL, 'createObjectURL').mockReturnValue('blob:sink');
  vi.spyOn(URL, 'revokeObjectURL').mockImplementation(revoke);
  revoke.mockClear();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('MseSink', () => {
  it('keeps what comes before the source is open, and appends it in one go', () => {
    const { sink, source } = setUp();
    sink.init('a', Uint8Array.of(0), -5);
    sink.append(Uint8Array.of(1));
    sink.append(Uint8Array.of(2));
    expect(sink.queuedBytes).toBe(3);
    source.open();
    expect(source.duration).toBe(Infinity);
    expect(source.buffers[0]).toMatchObject({ timestampOffset: -5, calls: [['append', 0, 1, 2]] });
    expect(sink.queuedBytes).toBe(0);
  });

  it('gives the browser one thing at a time, and what came meanwhile together', () => {
    const { sink, begin, onAppended } = setUp();
    const buffer = begin();
    for (const byte of [1, 2, 3]) sink.append(Uint8Array.of(byte));
    expect(buffer.calls).toEqual([['append', 1]]);
    onAppended.mockClear();
    buffer.done();
    expect(onAppended).toHaveBeenCalledOnce();
    expect(buffer.calls.slice(1)).toEqual([['append', 2, 3]]);
  });

  it('changes the type between what belongs to the one and to the other, and only where it is another', () => {
    const { sink, begin } = setUp();
    const buffer = begin();
    sink.append(Uint8Array.of(1));
    sink.init('a', Uint8Array.of(2), -5);
    sink.append(Uint8Array.of(3));
    sink.init('b', Uint8Array.of(4), -7);
    sink.append(Uint8Array.of(5));
    for (let step = 0; step < 3; step++) buffer.done();
    expect(buffer.calls).toEqual([
      ['append', 1],
      ['append', 2, 3],
      ['changeType', 'b'],
      ['append', 4, 5],
    ]);
    expect(buffer.timestampOffset).toBe(-7);
  });

  it('fails once when more bytes wait than may, and keeps none of what comes after', () => {
    const { sink, errors, begin } = setUp({ maxQueue: 100 });
    const buffer = begin();
    sink.append(new Uint8Array(100));
    for (let time = 0; time < 3; time++) sink.append(new Uint8Array(50));
    expect(errors.map(({ message }) => message)).toEqual(['150 bytes wait for the browser (at most 100).']);
    sink.init('b', new Uint8Array(50), 0);
    expect(sink.queuedBytes).toBe(0);
    buffer.calls = [];
    buffer.done();
    expect(buffer.calls).toEqual([]);
  });

  it('removes what was watched, not at every frame', () => {
    const { sink, video, begin } = setUp({ backBuffer: 10 });
    const buffer = begin();
    buffer.ranges = [[0, 30]];
    video.currentTime = 14;
    sink.append(Uint8Array.of(1));
    expect(buffer.calls).toEqual([['append', 1]]);
    buffer.done();
    video.currentTime = 16;
    sink.append(Uint8Array.of(2));
    expect(buffer.calls.slice(1)).toEqual([['remove', 0, 6]]);
    buffer.ranges = [[6, 30]];
    buffer.done();
    expect(buffer.calls.slice(2)).toEqual([['append', 2]]);
  });

  it('makes room where the browser has none, and appends again what it refused', () => {
    const { sink, video, errors, begin } = setUp({ backBuffer: 10 });
    const buffer = begin();
    buffer.ranges = [[0, 9]];
    video.currentTime = 8;
    buffer.isFull = true;
    sink.append(Uint8Array.of(1));
    expect(buffer.calls).toEqual([
      ['append', 1],
      ['remove', 0, 7],
    ]);
    expect(sink.queuedBytes).toBe(1);
    buffer.ranges = [[7, 9]];
    buffer.isFull = false;
    buffer.done();
    expect(buffer.calls.slice(2)).toEqual([['append', 1]]);
    expect(errors).toEqual([]);
  });

  it('fails where there is nothing to make room of, and where that does not help', () => {
    const nothing = setUp();
    nothing.begin().isFull = true;
    nothing.sink.append(Uint8Array.of(1));
    expect(nothing.errors).toMatchObject([{ name: 'QuotaExceededError' }]);

    const helpless = setUp();
    const buffer = helpless.begin();
    buffer.ranges = [[0, 9]];
    helpless.video.currentTime = 8;
    buffer.isFull = true;
    helpless.sink.append(Uint8Array.of(1));
    buffer.ranges = [[7, 9]];
    buffer.done();
    expect(helpless.errors).toMatchObject([{ name: 'QuotaExceededError' }]);
  });

  it('ends when everything was appended', () => {
    const { sink, source, begin } = setUp();
    const buffer = begin();
    sink.append(Uint8Array.of(1));
    sink.append(Uint8Array.of(2));
    sink.end();
    buffer.done();
    expect(source.readyState).toBe('open');
    buffer.done();
    expect(source.readyState).toBe('ended');
  });

  it.each(['the decoder', 'a type that is refused'])('tells of %s', (what) => {
    const { sink, video, source, errors, begin } = setUp();
    if (what === 'the decoder') {
      begin();
      video.error = { message: 'broken picture' };
      video.dispatchEvent(new Event('error'));
      video.dispatchEvent(new Event('error'));
      expect(errors.map(({ message }) => message)).toEqual(['broken picture']);
    } else {
      source.open();
      sink.init('refused', Uint8Array.of(0), 0);
      expect(errors.map(({ message }) => message)).toEqual(['no such decoder']);
    }
  });

  it('lets go of the video element and of its media when it is closed, also after an error', () => {
    for (const hasFailed of [false, true]) {
      const { sink, video, begin } = setUp();
      begin();
      video.currentTime = 3;
      if (hasFailed) video.dispatchEvent(new Event('error'));
      expect(video.src).toBe('blob:sink');
      sink.close();
      sink.close();
      expect(video).toMatchObject({ src: '', currentTime: 0 });
      expect(video.load).toHaveBeenCalledOnce();
      expect(revoke).toHaveBeenCalledExactlyOnceWith('blob:sink');
      revoke.mockClear();
    }
  });

  it('leaves a video element alone that somebody else has taken', () => {
    const { sink, video } = setUp();
    video.src = 'blob:other';
    sink.close();
    expect(video.src).toBe('blob:other');
    expect(video.load).not.toHaveBeenCalled();
    expect(revoke).toHaveBeenCalledOnce();
  });

  it('waits for a Managed Media Source to want media, and where it goes on none the less takes no notice of its rests', () => {
    vi.stubGlobal('MediaSource', undefined);
    vi.stubGlobal('ManagedMediaSource', FakeManagedMediaSource);
    const { sink, video, source } = setUp();
    // Without it, or an AirPlay source, an iPhone does not open it.
    expect(video.disableRemotePlayback).toBe(true);
    source.open();
    sink.init('a', Uint8Array.of(1), 0);
    sink.append(Uint8Array.of(2));
    expect(source.buffers).toEqual([]);
    const managed = source as FakeManagedMediaSource;
    managed.streaming = true;
    managed.dispatchEvent(new Event('startstreaming'));
    expect(managed.buffers[0]!.calls).toEqual([['append', 1, 2]]);
    managed.streaming = false;
    managed.dispatchEvent(new Event('endstreaming'));
    managed.buffers[0]!.done();
    sink.append(Uint8Array.of(3));
    expect(managed.buffers[0]!.calls.at(-1)).toEqual(['append', 3]);
  });

  it('prefers a MediaSource that is not managed, and leaves the picture free to go elsewhere with it', () => {
    vi.stubGlobal('ManagedMediaSource', FakeManagedMediaSource);
    expect(mediaSourceClass()).toBe(FakeMediaSource);
    expect(setUp().video.disableRemotePlayback).toBe(false);
  });

  it('says so where there are no Media Source Extensions', () => {
    vi.stubGlobal('MediaSource', undefined);
    expect(() => setUp()).toThrow('no Media Source Extensions');
  });
});
