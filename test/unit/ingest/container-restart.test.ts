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
  static startsHanging = false;
  hangs = Copier.startsHanging;

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
      const before = dates[index - 1];
      const ended = before ? before.programDateTime + before.duration * 1000 : 0;
      expect(programDateTime).toBeGreaterThan(ended - 1);
    }
    const { programDateTime, duration } = dates.at(-1)!;
    // The last second came a second ago; one second was there twice, and dates never go back.
    expect(programDateTime + duration * 1000).toBeGreaterThan(Date.now() - 1000);
    expect(programDateTime + duration * 1000).toBeLessThanOrEqual(Date.now() + 1000);
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

describe('another process', () => {
  /** The file in messages that are cut anywhere. */
  function messagesOf(seconds: number, size = 777): Uint8Array[] {
    const file = concat([header, ...Array.from({ length: seconds }, (_, second) => group(second))]);
    return Array.from({ length: Math.ceil(file.length / size) }, (_, at) =>
      file.subarray(at * size, (at + 1) * size),
    );
  }

  it('goes on in the middle of the file, with what viewers may not have seen and all after it', async () => {
    const messages = messagesOf(20);
    const before = copied();
    const half = Math.floor(messages.length / 2);
    for (const message of messages.slice(0, half)) {
      before.ingest.write(message);
      await vi.advanceTimersByTimeAsync(500);
    }
    const place = before.ingest.place(false)!;
    expect(place.header).toEqual(header);
    before.ingest.kill();
    before.stream.suspend();

    const after = copied();
    const { header: first, message, offset } = place;
    const ingest = after.ingestFrom({ header: first, offset });
    for (const each of messages.slice(message)) ingest.write(each);
    after.stream.end();
    const names = namesOf(after.stream.source.window);
    const seen = namesOf(before.stream.source.window);
    // From a key frame on, and not from the beginning.
    const from = sourceNames(0, 20).indexOf(names[0]!);
    expect(from % 30).toBe(0);
    expect(from).toBeGreaterThan(0);
    expect(names).toEqual(sourceNames(0, 20).slice(from));
    expect(from).toBeLessThan(seen.length);
    // It could be gone on with once more.
    const last = ingest.place(true)!;
    const rest = concat([last.header, concat(messages.slice(message + last.message)).subarray(last.offset)]);
    expect(rest).toEqual(concat([header, group(19)]));
  });

  it('is given the newest place where the process stopped as it was told to', async () => {
    const { ingest } = copied();
    for (const message of messagesOf(6)) {
      ingest.write(message);
      await vi.advanceTimersByTimeAsync(1);
    }
    const messages = messagesOf(6);
    const bytesFrom = (place: { message: number; offset: number }): Uint8Array =>
      concat(messages.slice(place.message)).subarray(place.offset);
    // Nobody can have seen what came out in the last second.
    expect(bytesFrom(ingest.place(false)!)).toEqual(
      concat([0, 1, 2, 3, 4, 5].map((second) => group(second))),
    );
    expect(bytesFrom(ingest.place(true)!)).toEqual(group(5));
  });

  it('has nowhere to go on before there was a place', () => {
    const { ingest } = copied();
    ingest.write(header);
    expect(ingest.place(true)).toBeUndefined();
  });

  it('dates what is sent again at once by when it was captured', async () => {
    const { ingestFrom, stream, started } = copied();
    const ingest = ingestFrom({ header, offset: 0 });
    // Its transcoder takes a moment to begin.
    const held: Uint8Array[] = [];
    for (let second = 0; second < 5; second++) held.push(group(second));
    Copier.startsHanging = true;
    for (const bytes of held) ingest.write(bytes);
    Copier.startsHanging = false;
    await vi.advanceTimersByTimeAsync(300);
    for (const bytes of started[0]!.written) started[0]!.events.onOutput(bytes);
    stream.end();
    const { programDateTime, duration } = stream.source.window.listed.at(-1)!;
    expect(programDateTime + duration * 1000).toBeLessThanOrEqual(Date.now() + 1000);
    expect(programDateTime + duration * 1000).toBeGreaterThan(Date.now() - 1000);
  });

  it('refuses a message that cannot be the one with the place', () => {
    const { ingestFrom } = copied();
    const ingest = ingestFrom({ header, offset: 1000 });
    expect(() => ingest.write(new Uint8Array(999))).toThrow(
      expect.objectContaining({ code: 'BAD_MESSAGE', message: expect.stringContaining('999 bytes') }),
    );
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
