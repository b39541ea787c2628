import { describe, expect, it } from 'vitest';
import { LiveMp4, type Flush } from '../../../server/hls/live-mp4.js';
import { LiveViewer, type LiveSink, type LiveViewerLimits } from '../../../server/hls/live-mp4-viewer.js';
import type { Sample, Track } from '../../../server/hls/sample.js';
import { Segmenter } from '../../../server/hls/segmenter.js';
import { Window } from '../../../server/hls/window.js';
import { LiveMp4Reader } from '../../helpers/live-mp4-client.js';
import { audioTrack, avcEntry, makeSamples, videoTrack } from '../../helpers/samples.js';

const NOW = Date.parse('2030-01-01T00:00:00Z');

const limits: LiveViewerLimits = { maxLiveBacklogBytes: 4096, maxLiveSkips: 2, liveStallTime: 10 };

/** A client that takes everything, or nothing while it is `stuck`. */
class Client implements LiveSink {
  readonly content = new LiveMp4Reader();
  readonly chunks: Uint8Array[] = [];
  queued = 0;
  stuck = false;
  ended = false;
  aborted: Error | undefined;
  limit: string | undefined;
  skips = 0;

  write(bytes: Uint8Array): void {
    this.chunks.push(bytes);
    this.content.push(bytes);
    if (this.stuck) this.queued += bytes.length;
  }

  end(): void {
    this.ended = true;
  }

  abort(reason: Error, limit: string): void {
    this.aborted = reason;
    this.limit = limit;
  }

  skipped(): void {
    this.skips++;
  }

  take(): void {
    this.stuck = false;
    this.queued = 0;
  }

  times(track: number): number[] {
    return this.content.samples.filter((sample) => sample.track === track).map(({ dts }) => dts);
  }
}

class Rig {
  readonly window: Window;
  readonly live: LiveMp4;
  readonly segmenter: Segmenter;
  time = 0;

  constructor(tracks: Track[] = [videoTrack, audioTrack], bytes = Infinity) {
    this.window = new Window({ targetDuration: 2, segments: 1000, bytes });
    this.live = new LiveMp4(this.window, () => this.time);
    this.segmenter = new Segmenter(
      { partDuration: 0.2, segmentDuration: 1 },
      this.window,
      () => NOW,
      this.live,
    );
    this.segmenter.start(tracks);
  }

  push(samples: readonly Sample[]): void {
    for (const sample of samples) {
      this.time += 10;
      this.segmenter.push(sample);
    }
  }

  join(
    flush: Flush,
    client = new Client(),
    given: Partial<LiveViewerLimits> = {},
  ): Client & { viewer: LiveViewer } {
    const viewer = new LiveViewer(client, { ...limits, ...given });
    this.live.join(viewer, flush);
    return Object.assign(client, { viewer });
  }
}

/** Cuts samples at times in seconds. */
function cut(samples: readonly Sample[], ...times: number[]): Sample[][] {
  const time = ({ track, dts }: Sample): number => dts / (track === 1 ? videoTrack : audioTrack).timescale;
  return [0, ...times].map((from, index) =>
    samples.filter((sample) => time(sample) >= from && time(sample) < (times[index] ?? Infinity)),
  );
}

describe('LiveMp4 of parts', () => {
  it('sends every viewer the same bytes, those of the window', () => {
    const rig = new Rig();
    const [before, after] = cut(makeSamples({ length: 4 }), 1.5);
    rig.push(before!);
    const [first, second] = [rig.join('part'), rig.join('part')];
    expect(first.chunks[0]).toBe(second.chunks[0]);
    rig.push(after!);
    for (const [index, chunk] of first.chunks.entries()) expect(second.chunks[index]).toBe(chunk);
    // Not yet copied into their segment.
    const open = rig.window.last!;
    expect(open.complete).toBe(false);
    expect(first.chunks.at(-1)!.buffer).toBe(open.parts.at(-1)!.bytes.buffer);
  });

  it('begins with the newest key frame and leaves nothing out', () => {
    const rig = new Rig();
    const source = makeSamples({ length: 5 });
    const [before, after] = cut(source, 2.7);
    rig.push(before!);
    const client = rig.join('part');
    rig.push(after!);
    rig.segmenter.end();
    expect(client.ended).toBe(true);
    expect(client.content.isWhole).toBe(true);
    expect(client.times(1)[0]).toBe(2 * videoTrack.timescale);
    expect(client.times(1)).toHaveLength(90);
    expect(client.times(2).at(-1)).toBe(source.findLast(({ track }) => track === 2)!.dts);
  });

  it('says of every fragment when its first picture was taken', () => {
    const rig = new Rig();
    const client = (rig.push(makeSamples({ length: 1.1, start: 100 })), rig.join('frame'));
    rig.push(cut(makeSamples({ length: 3, start: 100 }), 101.1)[1]!);
    expect(client.content.fragments.length).toBeGreaterThan(30);
    for (const { prft, samples } of client.content.fragments) {
      const first = samples.find(({ track }) => track === 1)!;
      expect(prft).toMatchObject({ track: 1, mediaTime: first.dts });
      expect(prft.date).toBeCloseTo(NOW + (first.dts / videoTrack.timescale) * 1000, 2);
    }
  });

  it.each([true, false])('says so of fragments that have no picture, too; sound: %s', (audio) => {
    const rig = new Rig(audio ? [videoTrack, audioTrack] : [videoTrack]);
    const source = makeSamples({ length: 6, frameRate: 2, gop: 2, audio });
    const [before, after] = cut(source, 2.2);
    rig.push(before!);
    const client = rig.join('part');
    rig.push(after!);
    rig.segmenter.end();
    const { fragments } = client.content;
    expect(fragments.some(({ samples }) => samples.every(({ track }) => track === 2))).toBe(true);
    let last = -1;
    for (const { prft, samples } of fragments) {
      expect(prft.date).toBeCloseTo(NOW + (prft.mediaTime / videoTrack.timescale) * 1000, 2);
      expect(prft.mediaTime).toBeGreaterThanOrEqual(last);
      last = prft.mediaTime;
      const sound = samples.find(({ track }) => track === 2);
      if (sound) expect(Math.abs(prft.mediaTime / 90_000 - sound.dts / 48_000)).toBeLessThan(0.5);
    }
  });

  it('ends for a new init segment, and begins again with its first key frame', async () => {
    const rig = new Rig();
    rig.push(makeSamples({ length: 1.5 }));
    const [parts, frames] = [rig.join('part'), rig.join('frame')];
    rig.segmenter.start([{ ...videoTrack, sampleEntry: avcEntry(320, 180), width: 320 }, audioTrack]);
    for (const client of [parts, frames]) {
      expect(client.ended).toBe(true);
      expect(client.content.isWhole).toBe(true);
      expect(client.times(1)).toHaveLength(parts.times(1).length);
    }
    expect(rig.live.viewerCount).toBe(0);
    const ready = rig.live.ready('frame', 10);
    rig.push(makeSamples({ length: 0.1 }));
    expect(await ready).toBe(true);
    const next = rig.join('frame');
    expect(next.content.tracks[0]!.width).toBe(320);
    expect(next.times(1)[0]).toBe(Math.round(1.5 * videoTrack.timescale));
  });

  it('goes on after a discontinuity of the same tracks', () => {
    const rig = new Rig();
    rig.push(makeSamples({ length: 1.5 }));
    const [parts, frames] = [rig.join('part'), rig.join('frame')];
    rig.segmenter.start([videoTrack, audioTrack]);
    rig.push(makeSamples({ length: 1.5, start: 500 }));
    rig.segmenter.end();
    for (const client of [parts, frames]) {
      const times = client.times(1);
      expect(times).toEqual(times.map((_, index) => times[0]! + index * 3000));
      expect(times.at(-1)).toBe(3 * videoTrack.timescale - 3000);
    }
  });
});

describe('LiveMp4 of frames', () => {
  it('sends a frame the moment it comes, with the sound since the last', () => {
    const rig = new Rig();
    const [before, after] = cut(makeSamples({ length: 3 }), 1.5);
    rig.push(before!);
    const client = rig.join('frame');
    let sent = client.content.fragments.length;
    for (const sample of after!) {
      rig.push([sample]);
      if (sample.track === 1) sent++;
      expect(client.content.fragments).toHaveLength(sent);
      if (sample.track === 1) expect(client.times(1).at(-1)).toBe(sample.dts);
    }
    rig.segmenter.end();
    expect(client.times(1)).toEqual(Array.from({ length: 60 }, (_, index) => 90_000 + index * 3000));
    const sound = client.times(2);
    expect(sound).toEqual(sound.map((_, index) => sound[0]! + index * 1024));
  });

  it.each([0.05, 0.21, 0.99, 1.0, 1.02, 1.3])(
    'whoever joins after %f s gets all from a key frame on',
    (at) => {
      const rig = new Rig();
      const source = makeSamples({ length: 2.5 });
      const [before, after] = cut(source, at);
      const early = cut(before!, 0.04);
      rig.push(early[0]!);
      const other = rig.join('frame');
      rig.push(early[1]!);
      const client = rig.join('frame');
      rig.push(after!);
      rig.segmenter.end();
      for (const each of [client, other]) {
        for (const [track, duration] of [
          [1, 3000],
          [2, 1024],
        ] as const) {
          const times = each.times(track);
          expect(times).toEqual(times.map((_, index) => times[0]! + index * duration));
          expect(times.at(-1)).toBe(source.findLast((sample) => sample.track === track)!.dts);
        }
        expect(each.times(1)[0]! % videoTrack.timescale).toBe(0);
      }
      expect(client.times(1)[0]).toBe(
        Math.floor(before!.findLast(({ track }) => track === 1)!.dts / 90_000) * 90_000,
      );
    },
  );

  it('groups sound that has no picture', () => {
    const rig = new Rig([audioTrack]);
    const [before, after] = cut(makeSamples({ length: 3, video: false }), 1);
    rig.push(before!);
    const client = rig.join('frame');
    const from = client.content.fragments.length;
    rig.push(after!);
    const groups = client.content.fragments.slice(from);
    for (const { samples } of groups) expect(samples).toHaveLength(2);
    expect(client.times(2).at(-1)! / 48_000).toBeGreaterThan(2.9);
  });

  it('does not hold sound back while the picture stands still', () => {
    const rig = new Rig();
    rig.push(makeSamples({ length: 1 }));
    const client = rig.join('frame');
    const sound = makeSamples({ length: 1.5, video: false }).filter(({ dts }) => dts >= 48_128);
    rig.push(sound);
    expect(client.times(2).at(-1)! / 48_000).toBeGreaterThan(1.38);
  });

  it('leaves a gap in time where the source has one', () => {
    const rig = new Rig();
    rig.push(makeSamples({ length: 1 }));
    const client = rig.join('frame');
    const late = makeSamples({ length: 2.2 }).filter(
      ({ track, dts }) => dts >= (track === 1 ? 135_000 : 72_000),
    );
    rig.push(late);
    expect(client.times(2)).toContain(late.find(({ track }) => track === 2)!.dts);
    expect(client.times(1)).toContain(135_000);
  });

  it('writes no frames while nobody watches them', () => {
    const rig = new Rig();
    rig.push(makeSamples({ length: 1.5 }));
    const client = rig.join('frame');
    rig.live.leave(client.viewer);
    const { length } = client.chunks;
    rig.push(cut(makeSamples({ length: 3 }), 1.5)[1]!);
    expect(client.chunks).toHaveLength(length);
    expect(rig.live.viewerCount).toBe(0);
  });
});

describe('a viewer that cannot keep up', () => {
  const source = makeSamples({ length: 20 });

  it.each(['part', 'frame'] as const)('is moved to the next key frame: %s', (flush) => {
    const rig = new Rig();
    const [before, during, after] = cut(source, 1.5, 4.5);
    rig.push(before!);
    const [slow, fast] = [rig.join(flush), rig.join(flush)];
    slow.stuck = true;
    rig.push(during!);
    // No more than the bound and one fragment.
    const largest = Math.max(...slow.chunks.slice(1).map(({ length }) => length));
    expect(slow.queued).toBeLessThanOrEqual(limits.maxLiveBacklogBytes + largest);
    slow.take();
    rig.push(after!);
    rig.segmenter.end();
    expect(slow.aborted).toBeUndefined();
    const times = slow.times(1);
    const gap = times.findIndex((time, index) => index > 0 && time !== times[index - 1]! + 3000);
    expect(times[gap]).toBe(5 * 90_000);
    expect(times.slice(gap)).toEqual(times.slice(gap).map((_, index) => 450_000 + index * 3000));
    expect(fast.times(1)).toHaveLength(19 * 30);
  });

  /** A viewer that is moved four times. @param between seconds from one move to the next */
  function moved(between: number) {
    const rig = new Rig();
    const [before, ...seconds] = cut(source, 1.5, 4.5, 7.5, 10.5, 13.5);
    rig.push(before!);
    const slow = rig.join('part');
    for (const each of seconds) {
      slow.stuck = true;
      rig.push(each);
      slow.take();
      rig.time += between * 1000;
    }
    return { rig, slow };
  }

  it('is disconnected after so many moves', () => {
    const { rig, slow } = moved(0);
    expect(slow.aborted?.message).toContain('could not keep up 3 times');
    expect(slow).toMatchObject({ limit: 'maxLiveSkips', skips: 3 });
    expect(rig.live.viewerCount).toBe(0);
  });

  it('is forgiven when it kept up for a minute', () => {
    expect(moved(60).slow.aborted).toBeUndefined();
  });

  it('is disconnected when it stays behind', () => {
    const rig = new Rig();
    const [before, during, after] = cut(source, 1.5, 4.5);
    rig.push(before!);
    const slow = rig.join('part');
    slow.stuck = true;
    rig.push(during!);
    expect(slow.aborted).toBeUndefined();
    rig.time += 10_000;
    rig.push(after!.slice(0, 30));
    expect(slow.aborted?.message).toContain('behind for 10 s');
    expect(slow).toMatchObject({ limit: 'liveStallTime', skips: 1 });
    expect(slow.ended).toBe(false);
    expect(rig.live.viewerCount).toBe(0);
  });

  it('is not kept when the stream ends', () => {
    const rig = new Rig();
    rig.push(cut(source, 1.5)[0]!);
    const [slow, fast] = [rig.join('part'), rig.join('part')];
    slow.queued = 3000;
    rig.segmenter.end();
    expect(slow.limit).toBe('maxLiveBacklogBytes');
    expect(fast.ended).toBe(true);
  });

  it('waits for a key frame where what is since the last is more than it may be sent', () => {
    const rig = new Rig();
    const [before, after] = cut(source, 1.9);
    rig.push(before!);
    const client = rig.join('part', new Client(), { maxLiveBacklogBytes: 500 });
    expect(client.content.fragments).toHaveLength(0);
    expect(client.content.tracks).toHaveLength(2);
    rig.push(after!);
    expect(client.times(1)[0]).toBe(2 * 90_000);
  });

  it('waits for a key frame where the window does not reach back to the last', () => {
    const rig = new Rig([videoTrack, audioTrack], 10_000);
    rig.push(makeSamples({ length: 20, gop: 60_000 }));
    const client = rig.join('part');
    expect(client.content.fragments).toHaveLength(0);
    rig.push(makeSamples({ length: 2, start: 20 }));
    expect(client.times(1)[0]).toBe(20 * 90_000);
  });
});

describe('ready', () => {
  it.each(['part', 'frame'] as const)('resolves with the first key frame: %s', async (flush) => {
    const rig = new Rig();
    const ready = rig.live.ready(flush, 10);
    rig.push(makeSamples({ length: 1 }));
    expect(await ready).toBe(true);
    expect(await rig.live.ready(flush, 10)).toBe(true);
    expect(rig.live.codecs).toEqual(['avc1.42E01F', 'mp4a.40.2']);
  });

  it('gives up after its time, when the client leaves and when the stream ends', async () => {
    const rig = new Rig();
    expect(await rig.live.ready('part', 0)).toBe(false);
    expect(await rig.live.ready('part', 10, AbortSignal.abort())).toBe(false);
    const abort = new AbortController();
    const leaving = rig.live.ready('part', 10, abort.signal);
    abort.abort();
    expect(await leaving).toBe(false);
    const waiting = rig.live.ready('part', 10);
    rig.segmenter.end();
    expect(await waiting).toBe(false);
    expect(await rig.live.ready('part', 10)).toBe(false);
  });
});
