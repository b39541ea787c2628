import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { box, concat, u16, u32, u8 } from '../../../server/hls/boxes.js';
import { FragmentReader } from '../../../server/hls/fragment-reader.js';
import { writeInitSegment } from '../../../server/hls/init-segment.js';
import { writeFragment } from '../../../server/hls/media-segment.js';
import { opusEntry } from '../../../server/hls/sample-entry-writer.js';
import type { Sample, Track } from '../../../server/hls/sample.js';
import { AacRendition } from '../../../server/ingest/aac-rendition.js';
import { defaultLimits, defaultPackaging, silentLogger, type Limits } from '../../../server/options.js';
import { Stream } from '../../../server/streams/stream.js';
import { audioTrack, avcEntry, makeSamples, videoTrack } from '../../helpers/samples.js';
import { FakeTranscoder } from './fake-transcoder.js';

const opusTrack: Track = {
  ...audioTrack,
  codec: 'opus',
  sampleEntry: opusEntry(concat([u8(0, 2), u16(312), u32(48_000), u16(0), u8(0)]), 2),
};
const tracks = [videoTrack, opusTrack];

/** By how much the fake's clock is ahead of its input's, seconds, as that of the real one is. */
const AHEAD = 10;

function setUp(limits: Partial<Limits> = {}) {
  const started: FakeTranscoder[] = [];
  const drops: string[] = [];
  const stream = new Stream(
    'test',
    defaultPackaging,
    () => {},
    (source, streamId) =>
      new AacRendition(source, {
        streamId,
        packaging: defaultPackaging,
        limits: { ...defaultLimits, ...limits },
        logger: silentLogger,
        onDrop: (drop) => drops.push(drop),
        // Vitest's clock moves this one too.
        now: () => Date.now(),
        transcoders: {
          start: (input, events) => {
            const transcoder = new FakeTranscoder(input, events);
            // As with a process, the exit is seen after the call.
            transcoder.end = () => queueMicrotask(() => events.onExit());
            started.push(transcoder);
            return transcoder;
          },
        },
      }),
  );
  stream.start(tracks);
  let time = 0;
  const push = (seconds: number): void => {
    for (const sample of makeSamples({ length: seconds, start: time })) stream.push(sample);
    time += seconds;
  };
  return { stream, started, drops, push, ask: () => stream.demand('aac')! };
}

/** The samples that a transcoder was given. */
function inputOf({ written }: FakeTranscoder): Sample[] {
  const samples: Sample[] = [];
  const reader = new FragmentReader({ onTracks: () => {}, onSample: (sample) => samples.push(sample) });
  for (const bytes of written) reader.push(bytes);
  return samples;
}

/** Gives out what was given in since `from`, on another clock and with another name for the sound. */
function transcode(transcoder: FakeTranscoder, from = 0): number {
  const samples = inputOf(transcoder);
  const runs = [videoTrack, audioTrack].map(({ id, timescale }) => ({
    track: id,
    samples: samples
      .slice(from)
      .filter(({ track }) => track === id)
      .map((sample) => ({ ...sample, dts: sample.dts + AHEAD * timescale })),
  }));
  if (from === 0) transcoder.events.onOutput(writeInitSegment([videoTrack, audioTrack]));
  transcoder.events.onOutput(writeFragment(1, runs));
  return samples.length;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('AacRendition', () => {
  it('starts one transcoder, when somebody asks, from the newest key frame on', () => {
    const { stream, started, push, ask } = setUp();
    push(2.5);
    expect(stream.renditions.map(({ name }) => name)).toEqual(['source', 'aac']);
    expect(started).toHaveLength(0);
    ask();
    ask();
    push(1);
    ask();
    expect(started.map(({ input }) => input)).toMatchObject([
      { container: 'mp4', video: 'copy', audio: 'encode', streamId: 'test' },
    ]);
    const [first] = inputOf(started[0]!).filter(({ track }) => track === videoTrack.id);
    expect(first).toMatchObject({ key: true, dts: 2 * videoTrack.timescale });
  });

  it('lies on the timeline of its source, whatever the transcoder’s clock', () => {
    const { stream, started, push, ask } = setUp();
    push(2.5);
    const rendition = ask();
    push(2);
    transcode(started[0]!);
    const of = ({ window }: typeof rendition) => window.listed.map((segment) => segment.programDateTime);
    expect(of(rendition).length).toBeGreaterThan(0);
    expect(of(stream.source)).toEqual(expect.arrayContaining(of(rendition).slice(0, 1)));
    expect(rendition.describe().codecs).toEqual([videoTrack.codec, 'mp4a.40.2']);
  });

  it('is not offered where the sound is no Opus', () => {
    const { stream, started } = setUp();
    stream.start([videoTrack, audioTrack]);
    expect(stream.renditions.map(({ name }) => name)).toEqual(['source']);
    stream.demand('aac');
    expect(started).toHaveLength(0);
  });

  it('ends when nobody has asked for it for so long, and begins anew under another name', () => {
    const { started, push, ask } = setUp({ derivedIdleTime: 30 });
    push(1);
    const before = ask();
    push(1);
    let done = transcode(started[0]!);
    vi.advanceTimersByTime(29_000);
    push(1);
    done = transcode(started[0]!, done);
    expect(started[0]!.killed).toBe(false);
    vi.advanceTimersByTime(1000);
    push(1);
    transcode(started[0]!, done);
    expect(started[0]!.killed).toBe(true);
    expect(before.window.ended).toBe(true);
    push(1);
    expect(started).toHaveLength(1);
    const after = ask();
    expect(started).toHaveLength(2);
    expect(after.epoch).not.toBe(before.epoch);
    expect(after.window.ended).toBe(false);
  });

  it('ends for want of viewers also when the source began a new run before anybody had asked', async () => {
    const { stream, started, push, ask } = setUp({ derivedIdleTime: 30 });
    push(1);
    stream.start(tracks);
    push(1);
    const rendition = ask();
    push(1);
    vi.advanceTimersByTime(30_000);
    transcode(started[0]!);
    await vi.advanceTimersByTimeAsync(5000);
    expect(rendition.window.ended).toBe(true);
    expect(started).toHaveLength(1);
  });

  it('goes on behind a discontinuity after a crash', () => {
    const { started, push, ask } = setUp();
    push(1);
    const rendition = ask();
    push(1);
    transcode(started[0]!);
    started[0]!.events.onExit(new Error('SIGSEGV'));
    ask();
    expect(started).toHaveLength(1);
    vi.advanceTimersByTime(500);
    expect(started).toHaveLength(2);
    push(2);
    transcode(started[1]!);
    expect(ask()).toBe(rendition);
    expect(rendition.window.listed.map(({ discontinuity }) => discontinuity)).toContain(true);
  });

  it('gives up after so many crashes in a row, and is tried again a while later from its beginning', () => {
    const { started, push, ask } = setUp({ maxTranscoderRestarts: 2 });
    push(1);
    const failed = ask();
    for (let crash = 0; crash < 3; crash++) {
      push(1);
      ask();
      started.at(-1)!.events.onExit(new Error('no such encoder'));
      vi.advanceTimersByTime(500);
    }
    expect(started).toHaveLength(3);
    expect(failed.window.ended).toBe(true);
    for (let request = 0; request < 100; request++) expect(ask()).toBe(failed);
    expect(started).toHaveLength(3);
    vi.advanceTimersByTime(10_000);
    const again = ask();
    expect(again).not.toBe(failed);
    expect(started).toHaveLength(4);
    push(2);
    transcode(started[3]!);
    expect(again.window.playable).toBe(true);
  });

  it('does not restart for a viewer who is long gone', () => {
    const { started, push, ask } = setUp({ derivedIdleTime: 1 });
    push(1);
    const rendition = ask();
    vi.advanceTimersByTime(900);
    started[0]!.events.onExit(new Error('SIGSEGV'));
    vi.advanceTimersByTime(500);
    expect(started).toHaveLength(1);
    expect(rendition.window.ended).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('follows a new run of its source with a transcoder of its own', async () => {
    const { stream, started, push, ask } = setUp();
    push(1);
    const rendition = ask();
    push(1);
    transcode(started[0]!);
    const wider = { ...videoTrack, sampleEntry: avcEntry(1280, 720), width: 1280, height: 720 };
    stream.start([wider, opusTrack]);
    await vi.advanceTimersByTimeAsync(0);
    expect(started).toHaveLength(2);
    push(2);
    transcode(started[1]!);
    expect(rendition.window.ended).toBe(false);
    expect(rendition.window.listed.map(({ discontinuity }) => discontinuity)).toContain(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('follows a new run of the same tracks from its first picture on, though that came before the one for it was started', async () => {
    const { stream, started, push, ask } = setUp();
    push(1.1);
    ask();
    push(0.5);
    transcode(started[0]!);
    stream.start(tracks);
    push(0.5);
    await vi.advanceTimersByTimeAsync(0);
    push(0.5);
    const [first] = inputOf(started[1]!).filter(({ track }) => track === videoTrack.id);
    const begun = stream.source.window.listed.find(({ discontinuity }) => discontinuity)!;
    const before = stream.source.window.listed.filter(({ msn }) => msn < begun.msn);
    const start = before.reduce((sum, { duration }) => sum + duration, 0);
    expect(first).toMatchObject({ key: true, dts: Math.round(start * videoTrack.timescale) });
    // One that joins before there is a picture is not given those of the run before.
    stream.start(tracks);
    await vi.advanceTimersByTimeAsync(0);
    expect(inputOf(started[2]!)).toEqual([]);
  });

  it('ends when the new run of its source has no Opus', async () => {
    const { stream, started, push, ask } = setUp();
    push(1);
    const rendition = ask();
    push(1);
    stream.start([videoTrack, audioTrack]);
    await vi.advanceTimersByTimeAsync(0);
    expect(started).toHaveLength(1);
    expect(rendition.window.ended).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('kills a transcoder that does not end with its input', async () => {
    const { stream, started, push, ask } = setUp();
    push(1);
    const rendition = ask();
    push(1);
    started[0]!.end = () => {};
    stream.end();
    expect(rendition.window.ended).toBe(false);
    await vi.advanceTimersByTimeAsync(5000);
    expect(started[0]!.killed).toBe(true);
    expect(rendition.window.ended).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends with its source and is never started after it', () => {
    const { stream, started, push, ask } = setUp();
    push(1);
    const rendition = ask();
    push(1);
    started[0]!.end = () => {
      transcode(started[0]!);
      started[0]!.events.onExit();
    };
    stream.end();
    expect(rendition.window.ended).toBe(true);
    expect(rendition.window.listed.length).toBeGreaterThan(0);
    expect(ask()).toBe(rendition);
    expect(started).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ['a box of an impossible size', Uint8Array.of(0, 0, 0, 2, 1, 2, 3, 4)],
    ['a movie without tracks', concat([u32(8), new TextEncoder().encode('moov')])],
    ['a box larger than any', concat([u32(0x7fff_ffff), new TextEncoder().encode('mdat')])],
  ])('treats %s as a crash, and the source goes on', (_, garbage) => {
    const { stream, started, push, ask } = setUp();
    push(1);
    ask();
    started[0]!.events.onOutput(garbage);
    expect(started[0]!.killed).toBe(true);
    const { version } = stream.source.window;
    push(1);
    expect(stream.source.window.version).toBeGreaterThan(version);
    vi.advanceTimersByTime(500);
    expect(started).toHaveLength(2);
  });

  it('skips to a later key frame where the transcoder is slower than its input', async () => {
    const { started, push, ask } = setUp();
    push(1);
    ask();
    let drain = (): void => {};
    started[0]!.drained = () => new Promise((resolve) => (drain = resolve));
    started[0]!.room = false;
    push(1);
    const before = inputOf(started[0]!).length;
    push(1);
    expect(inputOf(started[0]!)).toHaveLength(before);
    started[0]!.room = true;
    drain();
    await vi.advanceTimersByTimeAsync(0);
    push(2);
    const next = inputOf(started[0]!)
      .slice(before)
      .find(({ track }) => track === videoTrack.id);
    expect(next?.key).toBe(true);
    expect(started[0]!.killed).toBe(false);
  });

  it('takes one that takes everything and gives nothing for dead, and the source goes on', () => {
    const { stream, started, push, ask } = setUp({ transcoderStallTime: 3 });
    push(1);
    ask();
    for (let second = 0; second < 6; second++) {
      push(1);
      vi.advanceTimersByTime(1000);
    }
    expect(started[0]!.killed).toBe(true);
    expect(started).toHaveLength(2);
    expect(stream.status).toBe('live');
  });

  it('ends one that gives more than maxTranscoderBitrate, and the source goes on', () => {
    const { stream, started, push, ask } = setUp({ maxTranscoderBitrate: 100_000 });
    push(1);
    ask();
    started[0]!.events.onOutput(box('free', new Uint8Array(200_000)));
    expect(started[0]!.killed).toBe(true);
    const { version } = stream.source.window;
    push(1);
    expect(stream.source.window.version).toBeGreaterThan(version);
  });

  it('takes one that takes nothing for dead', () => {
    const { started, push, ask } = setUp({ liveStallTime: 3 });
    push(1);
    ask();
    started[0]!.room = false;
    started[0]!.drained = () => new Promise(() => {});
    for (let second = 0; second < 6; second++) {
      push(1);
      vi.advanceTimersByTime(1000);
    }
    expect(started[0]!.killed).toBe(true);
    expect(started.length).toBeGreaterThan(1);
  });

  it('tells of what was made and could not be published', () => {
    const { started, drops, push, ask } = setUp();
    push(2.5);
    ask();
    push(2);
    const [transcoder] = started;
    const sound = inputOf(transcoder!).filter(({ track }) => track === audioTrack.id);
    transcoder!.events.onOutput(writeInitSegment([videoTrack, audioTrack]));
    transcoder!.events.onOutput(writeFragment(1, [{ track: audioTrack.id, samples: sound.slice(0, 5) }]));
    expect(drops).toEqual(Array(5).fill('waiting-for-key'));
  });
});
