import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { concat } from '../../../server/hls/boxes.js';
import type { DropReason } from '../../../server/ingest/frame-drops.js';
import type { VideoTrackConfig } from '../../../server/protocol.js';
import { frameMessage, generateFrames, toAnnexB, type Frame } from '../../helpers/frames.js';
import { chunksOf, patch, pictures, rewrite, setUp } from './frames-setup.js';

const media = await generateFrames({ video: 'h264', audio: 'aac', seconds: 3 });
const videoOnly = await generateFrames({ video: 'h264', seconds: 3 });
const video = media.format.tracks[0] as VideoTrackConfig;

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2030-01-01T00:00:00Z') }));
afterEach(() => void vi.useRealTimers());

describe('bad frames', () => {
  const frame = pictures(media.frames)[40]!;
  const broken: [string, string, (frame: Frame) => Uint8Array, boolean][] = [
    ['no header', 'short-header', ({ message }) => message.subarray(0, 15), false],
    ['nothing', 'short-header', () => new Uint8Array(0), false],
    ['a header alone', 'empty', ({ message }) => message.subarray(0, 16), false],
    ['a track that there is not', 'unknown-track', (f) => frameMessage({ ...f, track: 9 }, f.chunk), false],
    ['flags that are reserved', 'reserved-bits', ({ message }) => patch(message, 1, 2), true],
    ['bytes that are reserved', 'reserved-bits', ({ message }) => patch(message, 3, 1), true],
    ['a time beyond all', 'timestamp-range', ({ message }) => patch(message, 4, 0x7f), true],
    ['a length past the end', 'broken-chunk', ({ message }) => patch(message, 17, 0x7f), true],
    ['a length of zero', 'broken-chunk', (f) => frameMessage(f, new Uint8Array(100)), true],
    ['random bytes', 'broken-chunk', (f) => frameMessage(f, new Uint8Array(100).fill(0xa5)), true],
    ['no picture', 'no-picture', (f) => frameMessage(f, Uint8Array.of(0, 0, 0, 2, 6, 1)), false],
  ];
  it.each(broken)('counts one with %s', async (_, reason, spoil, losesPrediction) => {
    const { write, ingest, finish, drops, notices } = setUp(media.format);
    const index = media.frames.indexOf(frame);
    write(media.frames.slice(0, index));
    ingest.write(spoil(frame));
    write(media.frames.slice(index + 1));
    const runs = await finish();
    expect(runs).toHaveLength(1);
    // Frames 41 to 59 refer to it.
    const lost = losesPrediction ? 20 : 1;
    const expected = chunksOf(media.frames, 0);
    expected.splice(40, lost);
    expect(runs[0]!.chunks('video')).toEqual(expected);
    expect(drops()).toEqual({ [reason]: 1, ...(losesPrediction ? { 'waiting-for-key': 19 } : {}) });
    expect(notices).toMatchObject([{ code: 'BAD_MESSAGE', message: expect.stringContaining(reason) }]);
  });

  const startCode = Uint8Array.of(0, 0, 0, 1);
  /** Different ones. */
  const parameterSets = (type: number, count: number, length: number): Uint8Array[] =>
    Array.from({ length: count }, (_, index) =>
      concat([
        startCode,
        Uint8Array.of(type),
        new Uint8Array(length - 2).fill(0x80),
        Uint8Array.of(index + 1),
      ]),
    );
  it.each<[string, Uint8Array[], DropReason, RegExp]>([
    ['33 sequence parameter sets', parameterSets(0x67, 32, 20), 'broken-chunk', /33 sequence.*31/],
    ['256 picture parameter sets', parameterSets(0x68, 255, 20), 'broken-chunk', /256 picture.*255/],
    ['one of 65536 bytes', parameterSets(0x68, 1, 65_536), 'no-parameter-sets', /65536 bytes.*65535/],
  ])('leaves out a key frame with more than an avcC has room for: %s', async (_, sets, reason, message) => {
    const annexB = toAnnexB(videoOnly);
    const { write, finish, drops, notices, failures } = setUp(annexB.format);
    write(
      annexB.frames.map((each, index) =>
        index === 30 ? rewrite(each, concat([each.chunk, ...sets])) : each,
      ),
    );
    const runs = await finish();
    expect(runs).toHaveLength(1);
    expect(runs[0]!.tracks[0]!.codec).toBe(video.codec);
    // What refers to it is left out, too.
    expect(runs[0]!.chunks('video')).toEqual(chunksOf(videoOnly.frames.toSpliced(30, 30), 0));
    expect(drops()).toEqual({ [reason]: 1, 'waiting-for-key': 29 });
    expect(notices).toMatchObject([{ code: 'BAD_MESSAGE', message: expect.stringMatching(message) }]);
    expect(failures).toEqual([]);
  });

  it('judges key frames by what they are', async () => {
    const { write, finish, drops } = setUp(videoOnly.format);
    write(videoOnly.frames.map((each) => rewrite(each, each.chunk, { key: !each.key })));
    const [run] = await finish();
    const keys = run!.samples.map(({ key }) => key);
    expect(keys).toEqual(videoOnly.frames.map(({ key }) => key));
    expect(drops()).toEqual({ 'wrong-key-flag': 90 });
  });

  it('tells of a reason once in a while, not each time', () => {
    const { ingest, notices } = setUp(media.format);
    for (let count = 0; count < 100; count++) ingest.write(new Uint8Array(3));
    expect(notices).toHaveLength(1);
    vi.advanceTimersByTime(7000);
    ingest.write(new Uint8Array(3));
    expect(notices).toHaveLength(1);
  });

  it('fails when nothing is of use for the start time', () => {
    const { ingest, failures } = setUp(media.format, { startTime: 3 });
    const late = pictures(media.frames).filter(({ key }) => !key);
    for (const each of late) {
      ingest.write(each.message);
      vi.advanceTimersByTime(40);
    }
    expect(failures).toMatchObject([
      { code: 'BAD_MESSAGE', message: expect.stringMatching(/3 s.*waiting-for-key \d+/) },
    ]);
  });

  it('fails when what was good is of no use any more', () => {
    const { ingest, write, failures } = setUp(videoOnly.format, { startTime: 3 });
    write(videoOnly.frames);
    for (let count = 0; count < 100; count++) {
      ingest.write(frameMessage(frame, new Uint8Array(50)));
      vi.advanceTimersByTime(40);
    }
    expect(failures).toMatchObject([{ message: expect.stringContaining('broken-chunk') }]);
  });

  it.each([
    ['AAC', 'Opus'],
    ['Opus', 'AAC'],
  ] as const)('fails when sound is %s and its track says %s', async (is, says) => {
    const [sent, declared] = await Promise.all(
      [is, says].map((codec) => generateFrames({ audio: codec === 'AAC' ? 'aac' : 'opus' })),
    );
    const { ingest, stream, window, failures } = setUp(declared!.format, { startTime: 3 });
    for (const each of sent!.frames) {
      ingest.write(each.message);
      vi.advanceTimersByTime(22);
    }
    expect(failures).toMatchObject([
      { code: 'BAD_MESSAGE', message: expect.stringMatching(/3 s.*broken-chunk \d+/) },
    ]);
    stream.end();
    expect(window.listed).toEqual([]);
  });

  it('keeps the first packets of Opus through a header that is broken, and though few follow', async () => {
    const { format, frames } = await generateFrames({ audio: 'opus' });
    const { ingest, write, finish, drops } = setUp(format);
    write(frames.slice(0, 2));
    ingest.write(patch(frames[2]!.message, 3, 1));
    write(frames.slice(2, 4));
    const [run] = await finish();
    expect(run!.chunks('audio')).toEqual(chunksOf(frames.slice(0, 4), 1));
    expect(drops()).toEqual({ 'reserved-bits': 1 });
  });

  it('leaves out sound that is AAC and says Opus, and no picture', async () => {
    const opus = await generateFrames({ audio: 'opus' });
    const aac = await generateFrames({ audio: 'aac', seconds: 3 });
    const tracks = [video, opus.format.tracks[0]!];
    const { write, finish, drops, notices } = setUp({ kind: 'frames', tracks });
    write([...pictures(media.frames), ...aac.frames].sort((a, b) => a.timestamp - b.timestamp));
    const [run] = await finish();
    expect(run!.chunks('video')).toEqual(chunksOf(media.frames, 0));
    expect(run!.chunks('audio')).toEqual([]);
    expect(drops()).toEqual({ 'broken-chunk': aac.frames.length });
    expect(notices).toMatchObject([{ message: expect.stringContaining('Opus') }]);
  });

  it('does not fail a publisher that pauses', () => {
    const { ingest, write, failures } = setUp(videoOnly.format, { startTime: 3 });
    write(videoOnly.frames);
    ingest.write(frameMessage(frame, new Uint8Array(50)));
    vi.advanceTimersByTime(60_000);
    expect(failures).toEqual([]);
  });
});
