import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { VideoTrackConfig } from '../../../server/protocol.js';
import { framesFrom, framesUntil, generateFrames, moveFrame, toAnnexB } from '../../helpers/frames.js';
import { chunksOf, pictures, rewrite, setUp } from './frames-setup.js';

const media = await generateFrames({ video: 'h264', audio: 'aac', seconds: 3 });
const other = await generateFrames({ video: 'h264', seconds: 2, frameRate: 25 });
const videoOnly = await generateFrames({ video: 'h264', seconds: 3 });
const video = media.format.tracks[0] as VideoTrackConfig;
const DAY = 86_400e6;

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2030-01-01T00:00:00Z') }));
afterEach(() => void vi.useRealTimers());

describe('FramesIngest', () => {
  it('publishes every frame as it came, at its time', async () => {
    const { write, finish, drops, notices } = setUp(media.format);
    write(media.frames);
    const runs = await finish();
    expect(runs).toHaveLength(1);
    expect(runs[0]!.chunks('video')).toEqual(chunksOf(media.frames, 0));
    expect(runs[0]!.chunks('audio')).toEqual(chunksOf(media.frames, 1));
    runs[0]!.times('video').forEach((time, index) => expect(time).toBeCloseTo(index / 30, 9));
    runs[0]!.times('audio').forEach((time, index) => expect(time).toBeCloseTo((index * 1024) / 48_000, 9));
    expect(drops()).toEqual({});
    expect(notices).toEqual([]);
  });

  it('publishes a part with its last frame, without waiting for the next one', () => {
    const { write, window } = setUp(videoOnly.format);
    write(videoOnly.frames.slice(0, 5));
    expect(window.last).toBeUndefined();
    write(videoOnly.frames.slice(5, 6));
    expect(window.last?.parts).toHaveLength(1);
    write(videoOnly.frames.slice(6, 12));
    expect(window.listed.flatMap(({ parts }) => parts)).toHaveLength(2);
  });

  it('keeps the sound that came before its picture', async () => {
    const { write, finish } = setUp(media.format);
    const sound = media.frames.filter(({ track }) => track === 1);
    write(framesUntil(sound, 1));
    write(pictures(media.frames));
    write(framesFrom(sound, 1));
    const [run] = await finish();
    expect(run!.chunks('audio')).toEqual(chunksOf(media.frames, 1));
  });

  it('says the frame rate that a duration is absent for', async () => {
    const { write, finish } = setUp(videoOnly.format);
    write(videoOnly.frames.map((frame) => rewrite(frame, frame.chunk, { duration: 0 })));
    const [run] = await finish();
    expect(new Set(run!.samples.map(({ duration }) => duration))).toEqual(new Set([3000]));
  });

  it('takes start codes and parameter sets in band', async () => {
    const annexB = toAnnexB(media);
    expect(annexB.format.tracks[0]).not.toHaveProperty('description');
    const plain = setUp(media.format);
    const converted = setUp(annexB.format);
    plain.write(media.frames);
    converted.write(annexB.frames);
    const [a] = await plain.finish();
    const [b] = await converted.finish();
    expect(b!.tracks).toEqual(a!.tracks);
    expect(b!.chunks('video')).toEqual(a!.chunks('video'));
  });

  it('goes by what the stream says of itself, not by what its publisher says', async () => {
    const lie = { ...video, codec: 'avc1.64003E', width: 4096, height: 2160 };
    const { write, finish } = setUp({ kind: 'frames', tracks: [lie] });
    write(videoOnly.frames);
    const [run] = await finish();
    expect(run!.tracks[0]).toMatchObject({ codec: video.codec, width: 320, height: 180 });
  });

  describe('track-config', () => {
    const change = other.format.tracks[0]!;

    it('begins a run with the next key frame', async () => {
      const { ingest, write, finish, window, drops } = setUp(videoOnly.format);
      write(framesUntil(videoOnly.frames, 2));
      ingest.configureTrack(change);
      const next = other.frames.map((frame) => moveFrame(frame, 2e6));
      write(next);
      const runs = await finish();
      expect(runs.map(({ tracks }) => tracks[0]!.codec)).toEqual([video.codec, change.codec]);
      expect(runs[0]!.chunks('video')).toEqual(chunksOf(framesUntil(videoOnly.frames, 2), 0));
      expect(runs[1]!.chunks('video')).toEqual(chunksOf(other.frames, 0));
      expect(runs[1]!.times('video')[0]).toBeCloseTo(2, 6);
      expect(new Set(window.listed.map(({ init }) => init))).toEqual(new Set([0, 1]));
      expect(drops()).toEqual({});
    });

    it('leaves out video until the key frame, and says why', async () => {
      const { ingest, write, finish, drops } = setUp(videoOnly.format);
      write(framesUntil(videoOnly.frames, 1));
      ingest.configureTrack(change);
      write(other.frames.slice(1).map((frame) => moveFrame(frame, 1e6)));
      const runs = await finish();
      expect(runs[1]!.chunks('video')).toEqual(chunksOf(framesFrom(other.frames, 1), 0));
      expect(drops()).toEqual({ 'waiting-for-key': 24 });
    });

    it('changes nothing where it says the same', async () => {
      const { ingest, write, finish } = setUp(media.format);
      write(framesUntil(media.frames, 1.5));
      for (const track of media.format.tracks) ingest.configureTrack({ ...track });
      write(framesFrom(media.frames, 1.5));
      const runs = await finish();
      expect(runs).toHaveLength(1);
      expect(runs[0]!.chunks('video')).toEqual(chunksOf(media.frames, 0));
    });

    it('takes other sound with the next key frame of the picture', async () => {
      const opus = await generateFrames({ audio: 'opus', seconds: 3 });
      const { ingest, write, finish } = setUp(media.format);
      write(framesUntil(media.frames, 1.9));
      ingest.configureTrack(opus.format.tracks[0]!);
      const mixed = [...pictures(media.frames), ...opus.frames].sort((a, b) => a.timestamp - b.timestamp);
      write(framesFrom(mixed, 1.9));
      const runs = await finish();
      expect(runs.map(({ tracks }) => tracks.map(({ codec }) => codec))).toEqual([
        [video.codec, 'mp4a.40.2'],
        [video.codec, 'opus'],
      ]);
      expect([...runs[0]!.chunks('video'), ...runs[1]!.chunks('video')]).toEqual(chunksOf(media.frames, 0));
      expect(runs[1]!.chunks('audio')).toEqual(chunksOf(framesFrom(opus.frames, 2), 1));
    });

    it('takes sound of another rate where there is no picture', async () => {
      const [aac, opus] = await Promise.all([
        generateFrames({ audio: 'aac', seconds: 2 }),
        generateFrames({ audio: 'opus', seconds: 2 }),
      ]);
      const { ingest, write, finish } = setUp(aac.format);
      write(aac.frames);
      const halfRate = { ...aac.format.tracks[0]!, sampleRate: 24_000, description: 'EwgA' };
      ingest.configureTrack(halfRate);
      write(aac.frames.map((frame) => moveFrame(frame, 2.1e6 + frame.timestamp)));
      ingest.configureTrack(opus.format.tracks[0]!);
      write(opus.frames.map((frame) => moveFrame(frame, 6.3e6)));
      const runs = await finish();
      expect(runs.map(({ tracks }) => tracks[0]!.timescale)).toEqual([48_000, 24_000, 48_000]);
      expect(runs.flatMap((run) => run.chunks('audio'))).toEqual([
        ...chunksOf(aac.frames, 1),
        ...chunksOf(aac.frames, 1),
        ...chunksOf(opus.frames, 1),
      ]);
      const [first = 0, second = 0] = runs[1]!.times('audio');
      expect(second - first).toBeCloseTo(1024 / 24_000, 9);
    });

    it('is not needed where parameter sets in band change', async () => {
      const first = toAnnexB(videoOnly);
      const { write, finish, drops } = setUp(first.format);
      write(first.frames);
      write(toAnnexB(other).frames.map((frame) => moveFrame(frame, 3e6)));
      const runs = await finish();
      expect(runs.map(({ tracks }) => tracks[0]!.codec)).toEqual([
        video.codec,
        other.format.tracks[0]!.codec,
      ]);
      expect(runs[1]!.chunks('video')).toEqual(chunksOf(other.frames, 0));
      expect(drops()).toEqual({});
    });

    it('refuses a track that there is not, or of another kind', () => {
      const { ingest } = setUp(videoOnly.format);
      const refusal = expect.objectContaining({
        code: 'BAD_MESSAGE',
        message: expect.stringContaining('video 0'),
      });
      expect(() => ingest.configureTrack({ ...change, id: 7 })).toThrow(refusal);
      const audio = { ...media.format.tracks[1]!, id: 0 };
      expect(() => ingest.configureTrack(audio)).toThrow(refusal);
    });

    it.each([
      ['a codec that is not served', { codec: 'vp8' }, 'UNSUPPORTED_FORMAT'],
      ['an avcC that is garbage', { description: 'CQgHBgUEAwI=' }, 'BAD_MESSAGE'],
    ])('takes no frames of a configuration that it refused: %s', async (_, spoilt, code) => {
      const { ingest, write, finish, drops } = setUp(videoOnly.format);
      write(framesUntil(videoOnly.frames, 1));
      expect(() => ingest.configureTrack({ ...video, ...spoilt })).toThrow(expect.objectContaining({ code }));
      write(framesUntil(framesFrom(videoOnly.frames, 1), 2));
      ingest.configureTrack(video);
      write(framesFrom(videoOnly.frames, 2));
      const runs = await finish();
      expect(drops()).toEqual({ 'refused-track': 30 });
      expect(runs.flatMap((run) => run.chunks('video'))).toEqual([
        ...chunksOf(framesUntil(videoOnly.frames, 1), 0),
        ...chunksOf(framesFrom(videoOnly.frames, 2), 0),
      ]);
    });
  });

  describe('capture-clock', () => {
    it('sets the programme date from the next segment on', async () => {
      const { ingest, write, finish, window } = setUp(media.format);
      const now = Date.now();
      write(framesUntil(media.frames, 1));
      ingest.setCaptureClock(500_000, now - 250);
      write(framesFrom(media.frames, 1));
      await finish();
      const dates = window.listed.map(({ programDateTime }) => programDateTime - now);
      const starts = window.listed.map((_, index) =>
        window.listed.slice(0, index).reduce((sum, { duration }) => sum + duration, 0),
      );
      const last = dates.length - 1;
      expect(dates[last]).toBeCloseTo(-750 + starts[last]! * 1000, 1);
    });

    it('counts from the beginning when it comes before the first frame', async () => {
      const { ingest, write, finish, window } = setUp(videoOnly.format);
      ingest.setCaptureClock(0, Date.now() - 120);
      write(videoOnly.frames);
      await finish();
      expect(window.listed[0]!.programDateTime - Date.now()).toBeCloseTo(-120, 3);
    });

    it('never takes dates back', async () => {
      const { ingest, write, finish, window } = setUp(videoOnly.format);
      ingest.setCaptureClock(0, Date.now());
      write(framesUntil(videoOnly.frames, 2));
      ingest.setCaptureClock(2_000_000, Date.now() - 60_000);
      write(framesFrom(videoOnly.frames, 2));
      await finish();
      const dates = window.listed.map(({ programDateTime }) => programDateTime);
      expect(dates).toEqual([...dates].sort((a, b) => a - b));
    });

    it.each([
      [-1e300, 0],
      [1e300, 0],
      [-400e6, 0],
      [0, 400e6],
    ])('forgets one of %i µs that the first frame, of %i µs, shows to be wrong', async (timestamp, first) => {
      const { ingest, write, finish, window, notices } = setUp(videoOnly.format);
      ingest.setCaptureClock(timestamp, Date.now());
      write(videoOnly.frames.map((frame) => moveFrame(frame, first)));
      await finish();
      expect(window.listed[0]!.programDateTime - Date.now()).toBeCloseTo(0, 3);
      expect(notices).toEqual([expect.objectContaining({ code: 'BAD_MESSAGE', limit: 'maxClockSkew' })]);
    });

    it.each([-301_000, 301_000])('refuses a date that is %i ms from now', (off) => {
      const { ingest, write } = setUp(videoOnly.format);
      write(videoOnly.frames);
      expect(() => ingest.setCaptureClock(3_000_000, Date.now() + off)).toThrow(
        expect.objectContaining({ code: 'BAD_MESSAGE', message: expect.stringContaining('300 s') }),
      );
    });
  });

  describe('clocks', () => {
    it('puts a single wrong timestamp right and loses nothing', async () => {
      for (const off of [DAY, -DAY, 60e6, -5e6]) {
        const { write, finish, drops } = setUp(media.format);
        const index = media.frames.findIndex(({ track, timestamp }) => track === 0 && timestamp > 1.2e6);
        write(media.frames.map((frame, at) => (at === index ? moveFrame(frame, off) : frame)));
        const runs = await finish();
        expect(runs).toHaveLength(1);
        expect(runs[0]!.chunks('video')).toEqual(chunksOf(media.frames, 0));
        runs[0]!.times('video').forEach((time, at) => expect(time).toBeCloseTo(at / 30, 4));
        expect(drops()).toEqual({ retimed: 1 });
      }
    });

    it.each([DAY, -DAY, 3600e6, -5e6])(
      'goes on after a jump of %i µs, behind a discontinuity',
      async (off) => {
        const { write, finish, drops } = setUp(media.format);
        write(framesUntil(media.frames, 2));
        write(framesFrom(media.frames, 2).map((frame) => moveFrame(frame, off)));
        const runs = await finish();
        expect(runs).toHaveLength(2);
        expect(runs.flatMap((run) => run.chunks('video'))).toEqual(chunksOf(media.frames, 0));
        expect(runs[1]!.times('video')[0]).toBeCloseTo(2, 6);
        // Sound and picture stay as far from each other as they were.
        expect(runs[1]!.times('audio')[0]! - runs[1]!.times('video')[0]!).toBeLessThan(0.022);
        expect(runs[1]!.chunks('audio').length).toBeGreaterThan(40);
        expect(drops()).toEqual({});
      },
    );

    it('keeps order where time goes back a little', async () => {
      const { write, finish, drops } = setUp(videoOnly.format);
      write(videoOnly.frames.map((frame, index) => (index % 10 === 9 ? moveFrame(frame, -40_000) : frame)));
      const [run] = await finish();
      expect(run!.chunks('video')).toEqual(chunksOf(videoOnly.frames, 0));
      const times = run!.times('video');
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(drops()).toEqual({ retimed: 9 });
    });

    it.each([0.25, 0.26, 0.3, 0.6, 0.99])(
      'keeps order where time goes back by %f s and stays there',
      async (back) => {
        const { stream, write, finish, drops, notices } = setUp(media.format);
        const push = vi.spyOn(stream, 'push');
        const moved = framesFrom(media.frames, 1.5).map((frame) => moveFrame(frame, -back * 1e6));
        write([...framesUntil(media.frames, 1.5), ...moved]);
        const runs = await finish();
        expect(runs).toHaveLength(1);
        expect(runs[0]!.chunks('video')).toEqual(chunksOf(media.frames, 0));
        const times = push.mock.calls.flatMap(([{ track, dts }]) => (track === 1 ? [dts] : []));
        expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
        // The pictures whose time has been follow each other at once; then all are where they belong.
        const late = pictures(moved).filter(({ timestamp }) => timestamp < 1.467e6).length;
        const last = pictures(moved).at(-1)!.timestamp;
        expect(times.at(-1)).toBeCloseTo((last * 90_000) / 1e6, 0);
        const lostSound = chunksOf(media.frames, 1).length - runs[0]!.chunks('audio').length;
        expect(drops()).toEqual({ retimed: expect.any(Number), 'off-clock': lostSound });
        expect(drops()['retimed']! - late).toBeOneOf([0, 1]);
        expect(lostSound * (1024 / 48_000)).toBeCloseTo(back, 1);
        expect(notices.map(({ message }) => message)).toEqual([
          expect.stringContaining('retimed'),
          expect.stringContaining('off-clock'),
        ]);
      },
    );

    it('leaves out sound that is of another time than the picture', async () => {
      const { write, finish, drops } = setUp(media.format);
      write(media.frames.map((frame) => (frame.track === 1 ? moveFrame(frame, DAY) : frame)));
      const [run] = await finish();
      expect(run!.chunks('video')).toEqual(chunksOf(media.frames, 0));
      expect(run!.chunks('audio')).toEqual([]);
      expect(drops()).toEqual({ 'off-clock': chunksOf(media.frames, 1).length });
    });
  });

  describe('bounds', () => {
    it('lets sound be as far behind the picture as maxFrameGap says', async () => {
      // It stops for a while, and what comes then is old.
      const late = media.frames.filter(({ track, timestamp }) => track === 0 || timestamp > 2e6);
      const old = late.map((frame) => (frame.track === 1 ? moveFrame(frame, -1.9e6) : frame));
      const lax = setUp(media.format);
      const strict = setUp(media.format, { maxFrameGap: 1 });
      lax.write(old);
      strict.write(old);
      expect((await lax.finish())[0]!.chunks('audio').length).toBeGreaterThan(40);
      expect((await strict.finish())[0]!.chunks('audio')).toEqual([]);
      expect(lax.drops()).toEqual({});
      expect(strict.drops()['off-clock']).toBeGreaterThan(40);
    });

    it('lets a capture clock be as far from the time of day as maxClockSkew says', () => {
      const { ingest } = setUp(videoOnly.format, { maxClockSkew: 5 });
      ingest.setCaptureClock(0, Date.now() - 4900);
      expect(() => ingest.setCaptureClock(0, Date.now() - 5100)).toThrow(
        expect.objectContaining({ code: 'BAD_MESSAGE', message: expect.stringContaining('5 s') }),
      );
    });
  });
});
