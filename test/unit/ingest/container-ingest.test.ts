import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LivestreamError } from '../../../server/errors.js';
import { ascii, box, concat, fullBox, u32 } from '../../../server/hls/boxes.js';
import { writeInitSegment } from '../../../server/hls/init-segment.js';
import { ContainerIngest } from '../../../server/ingest/container-ingest.js';
import { defaultLimits, defaultPackaging, silentLogger } from '../../../server/options.js';
import { Stream } from '../../../server/streams/stream.js';
import { videoTrack } from '../../helpers/samples.js';
import { FakeTranscoder } from './fake-transcoder.js';

const header = concat([box('ftyp', ascii('iso6')), writeInitSegment([videoTrack])]);
const fragment = concat([box('moof', fullBox('mfhd', 0, 0, u32(1))), box('mdat', new Uint8Array(100))]);

function setUp(limits: Partial<typeof defaultLimits> = {}) {
  const started: FakeTranscoder[] = [];
  const failures: LivestreamError[] = [];
  const stream = new Stream('test', defaultPackaging, () => {});
  const ingest = new ContainerIngest(
    {
      stream,
      transcoders: {
        start: (input, events) => {
          const transcoder = new FakeTranscoder(input, events);
          started.push(transcoder);
          return transcoder;
        },
      },
      limits: { ...defaultLimits, ...limits },
      keyFrameInterval: 1,
      logger: silentLogger,
    },
    { onFailure: (error) => failures.push(error) },
  );
  return { ingest, stream, started, failures };
}

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
    ingest.write(fragment.subarray(0, 10));
    await vi.advanceTimersByTimeAsync(0);
    expect(concat(started[1]?.written ?? [])).toEqual(concat([header, fragment.subarray(0, 10)]));
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
    const { ingest, started, failures } = setUp({ startTime: 3 });
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
    const { ingest, started, failures } = setUp({ startTime: 3 });
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
    expect(concat(started[1]?.written ?? [])).toEqual(concat([header, fragment]));
    await ended;
    stream.end();
    expect(stream.playable).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not take a publisher’s pause for a hang', async () => {
    const { ingest, started, failures } = setUp({ startTime: 3 });
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

  it('leaves no timer behind', async () => {
    const { ingest, started } = setUp();
    ingest.write(concat([header, fragment]));
    started[0]!.produce();
    ingest.write(fragment);
    await ingest.end();
    expect(vi.getTimerCount()).toBe(0);
  });
});
