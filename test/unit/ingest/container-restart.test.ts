import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ascii, box, concat, sameBytes } from '../../../server/hls/boxes.js';
import { FragmentReader } from '../../../server/hls/fragment-reader.js';
import { writeInitSegment } from '../../../server/hls/init-segment.js';
import { writeFragment } from '../../../server/hls/media-segment.js';
import type { Sample } from '../../../server/hls/sample.js';
import type { TranscoderFactory } from '../../../server/ingest/transcoder.js';
import type { Limits } from '../../../server/options.js';
import type { Window } from '../../../server/hls/window.js';
import { makeSamples, videoTrack } from '../../helpers/samples.js';
import { setUp } from './container-setup.js';
import { FakeTranscoder } from './fake-transcoder.js';

const header = concat([box('ftyp', ascii('iso6')), writeInitSegment([videoTrack])]);
const source = makeSamples({ length: 60, audio: false });

/** Group of a second from a key frame on. */
function group(second: number, samples = source.slice(second * 30, second * 30 + 30)): Uint8Array {
  return writeFragment(second + 1, [{ track: 1, samples }]);
}

/** Gives what it is given, until it hangs. */
class Copier extends FakeTranscoder {
  hangs = false;

  override write(bytes: Uint8Array): boolean {
    super.write(bytes);
    if (!this.hangs && !this.killed) this.events.onOutput(bytes);
    return this.room;
  }
}

function copied(limits: Partial<Limits> = {}) {
  const started: Copier[] = [];
  const copiers: TranscoderFactory = {
    start: (input, events) => {
      const copier = new Copier(input, events);
      started.push(copier);
      return copier;
    },
  };
  return { ...setUp({ transcoderStallTime: 8, ...limits }, copiers, { windowSegments: 60 }), started };
}

function published(window: Window): Sample[] {
  const samples: Sample[] = [];
  for (const { init, parts } of window.listed) {
    const reader = new FragmentReader({ onTracks() {}, onSample: (sample) => samples.push(sample) });
    reader.push(concat([window.init(init)!, ...parts.map(({ bytes }) => bytes)]));
  }
  return samples;
}

/** Names of the samples that were published, each once, in order of their first time. */
const namesOf = (window: Window): string[] => [
  ...new Set(published(window).map(({ data }) => new TextDecoder().decode(data))),
];

const sourceNames = (from: number, to: number): string[] =>
  source.slice(from * 30, to * 30).map(({ data }) => new TextDecoder().decode(data));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a transcoder that hangs', () => {
  it('is followed by one that is given all that did not come out, with the dates of when it came', async () => {
    const { ingest, stream, started, notices } = copied();
    const { window } = stream.source;
    ingest.write(header);
    let second = 0;
    const pass = async (until: number): Promise<void> => {
      for (; second < until; second++) {
        ingest.write(group(second));
        await vi.advanceTimersByTimeAsync(1000);
      }
    };
    await pass(4);
    started[0]!.hangs = true;
    await pass(18);
    expect(started).toHaveLength(2);
    stream.end();

    expect(namesOf(window)).toEqual(sourceNames(0, 18));
    const dates = window.listed.map(({ programDateTime, duration }) => ({ programDateTime, duration }));
    for (const [index, { programDateTime }] of dates.entries()) {
      if (index > 0) expect(programDateTime).toBeGreaterThanOrEqual(dates[index - 1]!.programDateTime);
    }
    const { programDateTime, duration } = dates.at(-1)!;
    // The last second came a second ago.
    expect(programDateTime + duration * 1000).toBeGreaterThan(Date.now() - 1000);
    expect(programDateTime + duration * 1000).toBeLessThanOrEqual(Date.now());
    expect(notices).toHaveLength(1);
  });

  it('loses the oldest groups where they are more than maxReplayBytes, and says so', async () => {
    const { ingest, stream, started, notices } = copied({ maxReplayBytes: 64 * 1024 });
    const large = (second: number): Uint8Array =>
      group(
        second,
        source
          .slice(second * 30, second * 30 + 30)
          .map((sample) => ({ ...sample, data: new Uint8Array(1000) })),
      );
    ingest.write(concat([header, large(0)]));
    started[0]!.hangs = true;
    for (let second = 1; second < 14; second++) {
      ingest.write(large(second));
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(started).toHaveLength(2);
    const { code, message } = notices.at(-1)!;
    expect(code).toBe('TRANSCODER_FAILED');
    expect(message).toMatch(/^of what the transcoder did not give \d+ bytes are lost: 65536 are kept$/);
    expect(stream.transcoderFaults.get('lost-input')).toBe(1);
    // Of what it is given all comes out, from a key frame on.
    const given = started[1]!.written[1]!;
    expect(
      Array.from({ length: 14 }, (_, second) => large(second)).some((each) => sameBytes(each, given)),
    ).toBe(true);
  });

  it('is given nothing again of what came out before', async () => {
    const { ingest, started } = copied();
    ingest.write(header);
    for (let second = 0; second < 10; second++) ingest.write(group(second));
    started[0]!.events.onExit(new Error('SIGKILL'));
    await vi.advanceTimersByTimeAsync(0);
    expect(concat(started[1]!.written)).toEqual(concat([header, group(9)]));
  });
});

it('dates what was sent all at once by when it was captured, not after it came', async () => {
  const { ingest, stream, started } = copied();
  ingest.write(concat([header, group(0)]));
  await vi.advanceTimersByTimeAsync(10_000);
  started[0]!.hangs = true;
  // The publisher's network was away for ten seconds.
  for (let second = 1; second < 10; second++) ingest.write(group(second));
  started[0]!.events.onExit(new Error('SIGKILL'));
  await vi.advanceTimersByTimeAsync(0);
  stream.end();
  const { programDateTime, duration } = stream.source.window.listed.at(-1)!;
  expect(programDateTime + duration * 1000).toBeLessThanOrEqual(Date.now() + 1000);
  expect(programDateTime + duration * 1000).toBeGreaterThan(Date.now() - 1000);
});
