import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ascii, box, concat, fullBox, u32 } from '../../../server/hls/boxes.js';
import { writeInitSegment } from '../../../server/hls/init-segment.js';
import { writeFragment } from '../../../server/hls/media-segment.js';
import { makeSamples, videoTrack } from '../../helpers/samples.js';
import {
  TranscoderUnavailable,
  type TranscoderEvents,
  type TranscoderInput,
} from '../../../server/ingest/transcoder.js';
import { FakeTranscoder } from './fake-transcoder.js';
import { setUp } from './container-setup.js';

const header = concat([box('ftyp', ascii('iso6')), writeInitSegment([videoTrack])]);
const fragment = concat([box('moof', fullBox('mfhd', 0, 0, u32(1))), box('mdat', new Uint8Array(100))]);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('ContainerIngest', () => {
  it('starts a transcoder once the header says what it has to do', () => {
    const { ingest, started } = setUp();
    ingest.write(header.subarray(0, 100));
    expect(started).toHaveLength(0);
    ingest.write(concat([header.subarray(100), fragment]));
    expect(started[0]?.input).toMatchObject({ container: 'mp4', video: 'copy', streamId: 'test' });
    expect(concat(started[0]?.written ?? [])).toEqual(concat([header, fragment]));
  });

  it('says when the transcoder is slower than its input', () => {
    const { ingest, started } = setUp();
    expect(ingest.write(concat([header, fragment]))).toBe(true);
    started[0]!.room = false;
    expect(ingest.write(fragment)).toBe(false);
  });

  it('starts a dead transcoder again from the last place where reading can start', async () => {
    const { ingest, stream, started } = setUp();
    ingest.write(concat([header, fragment]));
    started[0]!.produce();
    ingest.write(fragment);
    started[0]!.events.onExit(new Error('SIGKILL'));
    ingest.write(fragment.subarray(0, 30));
    await vi.advanceTimersByTimeAsync(0);
    // Of the second fragment nothing had come out; the third begins.
    expect(concat(started[1]?.written ?? [])).toEqual(concat([header, fragment, fragment.subarray(0, 30)]));
    started[1]!.produce();
    const { listed } = stream.source.window;
    expect(listed.map((segment) => segment.discontinuity)).toContain(true);
  });

  it('fails after so many deaths in a row without progress', async () => {
    const { ingest, started, failures } = setUp({ maxTranscoderRestarts: 3 });
    ingest.write(concat([header, fragment]));
    for (let death = 0; death < 4; death++) {
      started[death]!.produce();
      started[death]!.events.onExit(new Error('boom'));
      await vi.advanceTimersByTimeAsync(2000);
    }
    expect(started).toHaveLength(4);
    expect(failures).toMatchObject([
      { code: 'TRANSCODER_FAILED', message: expect.stringContaining('4 times in a row (boom)') },
    ]);
  });

  it('forgives deaths that lie apart', async () => {
    const { ingest, started, failures } = setUp({ maxTranscoderRestarts: 1 });
    ingest.write(concat([header, fragment]));
    for (let death = 0; death < 5; death++) {
      started[death]!.produce();
      ingest.write(fragment);
      started[death]!.events.onExit(new Error('boom'));
      await vi.advanceTimersByTimeAsync(2000);
    }
    expect(failures).toHaveLength(0);
  });

  it('tells when nothing playable was found', () => {
    const { ingest, started, failures } = setUp();
    ingest.write(concat([header, fragment]));
    started[0]!.events.onExit(new Error('Invalid data'));
    expect(failures).toMatchObject([
      { code: 'TRANSCODER_FAILED', message: expect.stringContaining('Invalid data') },
    ]);
  });

  it('tells when bytes go in and nothing comes out', async () => {
    const { ingest, started, failures } = setUp({ startTime: 3 });
    for (let second = 0; second < 4; second++) {
      ingest.write(second === 0 ? concat([header, fragment]) : fragment);
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(failures).toMatchObject([
      { code: 'TRANSCODER_FAILED', message: expect.stringContaining('for 3 s') },
    ]);
    expect(started[0]?.killed).toBe(true);
  });

  it('ends a transcoder that hangs and starts another', async () => {
    const { ingest, started, failures } = setUp({ transcoderStallTime: 3 });
    ingest.write(concat([header, fragment]));
    started[0]!.produce();
    for (let second = 0; second < 4; second++) {
      ingest.write(fragment);
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(failures).toHaveLength(0);
    expect(started.map((transcoder) => transcoder.killed)).toEqual([true, false]);
  });

  it('ends one that hangs with its input full, though the publisher cannot send then', async () => {
    const { ingest, started, failures } = setUp({ transcoderStallTime: 3 });
    ingest.write(concat([header, fragment]));
    started[0]!.produce();
    started[0]!.room = false;
    expect(ingest.write(fragment)).toBe(false);
    await vi.advanceTimersByTimeAsync(3001);
    expect(started.map((transcoder) => transcoder.killed)).toEqual([true, false]);
    expect(failures).toHaveLength(0);
  });

  it('publishes what was received while a dead transcoder waited for its restart', async () => {
    const { ingest, stream, started } = setUp();
    ingest.write(concat([header, fragment]));
    started[0]!.produce();
    ingest.write(fragment);
    started[0]!.events.onExit(new Error('SIGKILL'));
    const ended = ingest.end();
    // The end of the first fragment may have been in the transcoder that died.
    expect(concat(started[1]?.written ?? [])).toEqual(concat([header, fragment, fragment]));
    await ended;
    stream.end();
    expect(stream.playable).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not take a publisher’s pause for a hang', async () => {
    const { ingest, started, failures } = setUp({ transcoderStallTime: 3 });
    ingest.write(concat([header, fragment]));
    started[0]!.produce();
    ingest.write(fragment);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(failures).toHaveLength(0);
    expect(started).toHaveLength(1);
    expect(started[0]?.killed).toBe(false);
  });

  it('ends a transcoder whose output cannot be read', async () => {
    const { ingest, started } = setUp();
    ingest.write(concat([header, fragment]));
    started[0]!.produce();
    started[0]!.events.onOutput(new TextEncoder().encode('\0\0\0\x02bad!'));
    expect(started[0]?.killed).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(started).toHaveLength(2);
  });

  it('tells publisher and viewers that it is interrupted, and goes on', async () => {
    const { ingest, stream, started, notices, statuses } = setUp();
    ingest.write(concat([header, fragment]));
    started[0]!.produce();
    ingest.write(fragment);
    started[0]!.produce();
    expect(statuses).toEqual(['live']);
    started[0]!.events.onExit(new Error('boom'));
    expect(stream.status).toBe('reconnecting');
    expect(notices).toMatchObject([
      { code: 'TRANSCODER_FAILED', message: expect.stringMatching(/boom.*1 of 5 times/) },
    ]);
    await vi.advanceTimersByTimeAsync(0);
    started[1]!.produce();
    expect(statuses).toEqual(['live', 'reconnecting', 'live']);
    expect(Object.fromEntries(stream.transcoderFaults)).toEqual({ exit: 1 });
  });

  it('takes media that only came in for no progress: a program that is gone is given up', async () => {
    const { ingest, started, failures } = setUp({ maxTranscoderRestarts: 3 });
    ingest.write(concat([header, fragment]));
    started[0]!.produce();
    for (let attempt = 0; attempt < 10 && failures.length === 0; attempt++) {
      // A key frame each time, for longer than all restarts take.
      ingest.write(fragment);
      started.at(-1)!.events.onExit(new TranscoderUnavailable('ENOENT'));
      await vi.advanceTimersByTimeAsync(2000);
    }
    expect(failures).toMatchObject([{ message: expect.stringMatching(/4 times in a row \(ENOENT\)/) }]);
  });

  it('tries again before anything came out where the bytes are not to blame', async () => {
    const { ingest, started, failures } = setUp();
    ingest.write(concat([header, fragment]));
    started[0]!.events.onExit(new TranscoderUnavailable('EAGAIN'));
    await vi.advanceTimersByTimeAsync(0);
    started[1]!.produce();
    expect(failures).toEqual([]);
    expect(concat(started[1]!.written)).toEqual(concat([header, fragment]));
  });

  it('says what could not be read, and ends the stream when it goes on', async () => {
    const { ingest, started, failures } = setUp({ maxTranscoderRestarts: 1 });
    ingest.write(concat([header, fragment]));
    started[0]!.produce();
    for (const index of [0, 1]) {
      ingest.write(fragment);
      started[index]!.produce();
      started[index]!.events.onOutput(new Uint8Array(100).fill(0xa5));
      await vi.advanceTimersByTimeAsync(2000);
    }
    expect(failures).toMatchObject([
      { code: 'TRANSCODER_FAILED', message: expect.stringMatching(/2 times.*cannot be read.*no type/) },
    ]);
  });

  it('ends one that gives more than maxTranscoderBitrate', async () => {
    const { ingest, stream, started } = setUp({ maxTranscoderBitrate: 100_000 });
    ingest.write(concat([header, fragment]));
    started[0]!.produce();
    // Ten seconds' worth may come at once.
    started[0]!.events.onOutput(box('free', new Uint8Array(100_000)));
    expect(started[0]!.killed).toBe(false);
    started[0]!.events.onOutput(box('free', new Uint8Array(30_000)));
    expect(started[0]!.killed).toBe(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(started).toHaveLength(2);
    expect(Object.fromEntries(stream.transcoderFaults)).toEqual({ flood: 1 });
  });

  it('ends one that hangs after it gave something while its input was full', async () => {
    const { ingest, started } = setUp({ transcoderStallTime: 3 });
    ingest.write(concat([header, fragment]));
    started[0]!.room = false;
    // The publisher cannot send from here on, so that no write begins the watch anew.
    ingest.write(fragment);
    started[0]!.produce();
    await vi.advanceTimersByTimeAsync(3001);
    expect(started.map(({ killed }) => killed)).toEqual([true, false]);
  });

  it('ends one that takes nothing also where reading can start nowhere else', async () => {
    const { ingest, started, failures } = setUp({ transcoderStallTime: 3 });
    ingest.write(concat([header, fragment]));
    started[0]!.produce();
    started[0]!.room = false;
    ingest.write(box('mdat', new Uint8Array(100)));
    await vi.advanceTimersByTimeAsync(3001);
    expect(started.map(({ killed }) => killed)).toEqual([true, false]);
    expect(failures).toEqual([]);
  });

  it('does not start one that works for a moment each time more than once a second', async () => {
    const { ingest, started } = setUp();
    ingest.write(concat([header, fragment]));
    const end = performance.now() + 10_000;
    while (performance.now() < end) {
      ingest.write(fragment);
      const last = started.at(-1)!;
      if (!last.killed) {
        last.killed = true;
        last.produce();
        ingest.write(fragment);
        last.events.onExit(new Error('boom'));
      }
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(started.length).toBeLessThanOrEqual(14);
    expect(started.length).toBeGreaterThan(8);
  });

  it('keeps no more than maxReplayBytes for a restart', async () => {
    const { ingest, started } = setUp({ maxReplayBytes: 64 * 1024 });
    ingest.write(concat([header, fragment]));
    started[0]!.produce();
    started[0]!.events.onExit(new Error('boom'));
    for (let count = 0; count < 20; count++) ingest.write(box('mdat', new Uint8Array(10_000)));
    ingest.write(fragment);
    await vi.advanceTimersByTimeAsync(0);
    expect(concat(started[1]!.written)).toEqual(concat([header, fragment]));
  });

  it.each([3600_000, -3600_000])('is not misled by a wall clock that jumps by %i ms', async (jump) => {
    const hanging = setUp({ transcoderStallTime: 3 });
    const pausing = setUp({ transcoderStallTime: 3 });
    for (const { ingest, started } of [hanging, pausing]) {
      ingest.write(concat([header, fragment]));
      started[0]!.produce();
      ingest.write(fragment);
    }
    vi.setSystemTime(Date.now() + jump);
    for (let second = 0; second < 4; second++) {
      await vi.advanceTimersByTimeAsync(1000);
      hanging.ingest.write(fragment);
    }
    expect(hanging.started[0]!.killed).toBe(true);
    expect(pausing.started[0]!.killed).toBe(false);
  });

  it('ends though what comes out at the end cannot be served', async () => {
    const { ingest, started, failures } = setUp({ maxPixels: 16 * 16 });
    ingest.write(concat([header, fragment]));
    const transcoder = started[0]!;
    // It still has something to write out.
    transcoder.end = () => {};
    const ended = ingest.end();
    transcoder.produce();
    await ended;
    expect(failures).toMatchObject([{ code: 'TOO_LARGE' }]);
  });

  it('gives up one that does not end with its input, nor when it is killed, and says so', async () => {
    const { ingest, started, notices } = setUp({ transcoderFlushTime: 3 });
    ingest.write(concat([header, fragment]));
    const transcoder = started[0]!;
    transcoder.produce();
    transcoder.end = () => {};
    transcoder.kill = () => (transcoder.killed = true);
    const ended = ingest.end();
    await vi.advanceTimersByTimeAsync(2900);
    expect(transcoder.killed).toBe(false);
    await vi.advanceTimersByTimeAsync(1200);
    expect(transcoder.killed).toBe(true);
    await ended;
    expect(notices).toMatchObject([{ code: 'TRANSCODER_FAILED', message: expect.stringContaining('last') }]);
  });

  it('gives a transcoder all its time again after a pause', async () => {
    const { ingest, started } = setUp({ transcoderStallTime: 8 });
    ingest.write(concat([header, fragment]));
    started[0]!.produce();
    ingest.write(fragment);
    await vi.advanceTimersByTimeAsync(7900);
    // The publisher is back and sends what it kept.
    ingest.write(fragment);
    await vi.advanceTimersByTimeAsync(500);
    expect(started[0]!.killed).toBe(false);
  });

  it('tries again where a transcoder is gone before its start is over', async () => {
    const transcoders = {
      start: vi.fn((input: TranscoderInput, events: TranscoderEvents) => {
        const transcoder = new FakeTranscoder(input, events);
        if (transcoders.start.mock.calls.length === 1) events.onExit(new TranscoderUnavailable('no memory'));
        return transcoder;
      }),
    };
    const { ingest } = setUp({}, transcoders);
    ingest.write(concat([header, fragment]));
    await vi.advanceTimersByTimeAsync(200);
    expect(transcoders.start).toHaveBeenCalledTimes(2);
    await ingest.end();
  });

  it('leaves no timer behind', async () => {
    const { ingest, started } = setUp();
    ingest.write(concat([header, fragment]));
    started[0]!.produce();
    ingest.write(fragment);
    await ingest.end();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('counts what comes out of a transcoder before its first key frame', () => {
    const { ingest, stream, started, notices } = setUp();
    ingest.write(concat([header, fragment]));
    const { events } = started[0]!;
    const samples = makeSamples({ length: 2, audio: false });
    events.onOutput(
      concat([writeInitSegment([videoTrack]), writeFragment(1, [{ track: 1, samples: samples.slice(10) }])]),
    );
    expect(Object.fromEntries(stream.frameFaults)).toEqual({ 'waiting-for-key': 20 });
    expect(notices).toEqual([]);
  });

  it('counts what comes out for a stream that is over', () => {
    const { ingest, stream, started } = setUp();
    ingest.write(concat([header, fragment]));
    stream.end();
    started[0]!.produce();
    expect(Object.fromEntries(stream.frameFaults)).toEqual({ over: 30 });
  });
});
