import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { framesFrom as from, framesUntil as until, generateFrames, moveFrame } from '../../helpers/frames.js';
import { chunksOf, setUp } from './frames-setup.js';

const media = await generateFrames({ video: 'h264', audio: 'aac', seconds: 3 });

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2030-01-01T00:00:00Z') }));
afterEach(() => void vi.useRealTimers());

describe('a capture clock', () => {
  it.each([60_000, -60_000])(
    'that moves by %i ms begins a run, so that dates go on within one',
    async (moved) => {
      const { ingest, write, finish, window } = setUp(media.format);
      const now = Date.now();
      ingest.setCaptureClock(0, now);
      write(until(media.frames, 1.5));
      ingest.setCaptureClock(1_500_000, now + 1500 + moved);
      write(from(media.frames, 1.5));
      const runs = await finish();
      expect(runs.flatMap((run) => run.chunks('video'))).toEqual(chunksOf(media.frames, 0));
      expect(runs).toHaveLength(2);
      const dates = window.listed.map(({ programDateTime }) => programDateTime - now);
      const at = window.listed.findIndex(({ discontinuity }) => discontinuity);
      window.listed.forEach(({ duration }, index) => {
        const next = dates[index + 1];
        if (next === undefined) return;
        if (index + 1 !== at) expect(next - dates[index]!).toBeCloseTo(duration * 1000, 3);
        // Never back, not even where it should.
        else expect(next - dates[index]!).toBeCloseTo(duration * 1000 + Math.max(0, moved), 3);
      });
    },
  );
});

describe('timestamps', () => {
  it.each([2 ** 31, 2 ** 32, (2 ** 33 / 9) * 100, 2 ** 53 - 5e6, -(2 ** 53) + 5e6])(
    'count from %i µs as from any other time',
    async (start) => {
      const usual = setUp(media.format);
      const extreme = setUp(media.format);
      usual.write(media.frames);
      extreme.write(media.frames.map((frame) => moveFrame(frame, Math.round(start))));
      const [[expected], [run]] = [await usual.finish(), await extreme.finish()];
      expect(run!.chunks('video')).toEqual(expected!.chunks('video'));
      expect(run!.chunks('audio')).toEqual(expected!.chunks('audio'));
      run!.times('video').forEach((time, at) => expect(time).toBeCloseTo(expected!.times('video')[at]!, 3));
      expect(extreme.drops()).toEqual({});
    },
  );
});
