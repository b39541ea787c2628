import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { framesFrom, framesUntil, generateFrames, moveFrame } from '../../helpers/frames.js';
import { chunksOf, pictures, setUp } from './frames-setup.js';

const media = await generateFrames({ video: 'h264', audio: 'aac', seconds: 3 });
const videoOnly = await generateFrames({ video: 'h264', seconds: 3 });
const DAY = 86_400e6;

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2030-01-01T00:00:00Z') }));
afterEach(() => void vi.useRealTimers());

describe('FramesIngest says of every frame what became of it', () => {
  const sound = media.frames.filter(({ track }) => track === 1);
  const picture = pictures(media.frames);

  it('of sound that came before its picture began', async () => {
    const { write, finish, drops, notices } = setUp(media.format);
    write(framesUntil(sound, 1));
    write(framesFrom(picture, 1));
    write(framesFrom(sound, 1));
    const [run] = await finish();
    expect(run!.chunks('audio')).toEqual(chunksOf(framesFrom(media.frames, 1), 1));
    expect(drops()).toEqual({ 'before-start': framesUntil(sound, 1).length });
    expect(notices).toEqual([]);
  });

  it('of pictures after a gap that no segment can hold', async () => {
    const { write, finish, drops, stream } = setUp(videoOnly.format);
    const late = videoOnly.frames.slice(35).map((frame) => moveFrame(frame, 4e6));
    write(videoOnly.frames.slice(0, 30));
    write(late);
    const runs = await finish();
    const published = runs.flatMap((run) => run.chunks('video')).length;
    // Those up to the next key frame refer to what is before the gap.
    expect(drops()).toEqual({ 'waiting-for-key': 25 });
    expect(published + 25).toBe(30 + late.length);
    expect(Object.fromEntries(stream.frameFaults)).toEqual(drops());
  });

  it('of pictures that wait long for their key frame, for which no stream fails', () => {
    const { write, drops, failures } = setUp(videoOnly.format, { startTime: 3 });
    write(videoOnly.frames.slice(0, 30));
    const [, second] = videoOnly.frames;
    for (let count = 0; count < 100; count++) {
      write([moveFrame(second!, 5e6 + count * 40_000)]);
      vi.advanceTimersByTime(40);
    }
    expect(drops()).toEqual({ 'waiting-for-key': 100 });
    expect(failures).toEqual([]);
  });

  it('of sound that still waited when its track was configured anew', () => {
    const { ingest, write, drops } = setUp(media.format);
    write(framesUntil(sound, 0.5));
    const audio = media.format.tracks.find(({ kind }) => kind === 'audio')!;
    ingest.configureTrack({ ...audio, description: 'EhA=' });
    expect(drops()).toEqual({ 'old-configuration': framesUntil(sound, 0.5).length });
  });

  it('of what waited when it was ended at once', () => {
    const { ingest, write, drops } = setUp(media.format);
    write(framesUntil(sound, 0.5));
    ingest.kill();
    ingest.kill();
    expect(drops()).toEqual({ 'waiting-for-key': framesUntil(sound, 0.5).length });
  });

  it('of a timestamp in doubt when it was ended at once', () => {
    const { ingest, write, drops } = setUp(videoOnly.format);
    write(videoOnly.frames.slice(0, 10));
    write([moveFrame(videoOnly.frames[10]!, DAY)]);
    ingest.kill();
    expect(drops()).toEqual({ 'off-clock': 1 });
  });
});
