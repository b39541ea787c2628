import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Part } from '../../../server/hls/window.js';
import { frameMessage, generateFrames } from '../../helpers/frames.js';
import { readInitTracks, readTimes } from '../../helpers/fragment-times.js';
import { setUp } from './frames-setup.js';

const HOUR = 3600;
/** In which a clock that nobody corrects is off by 270 ms: time for dozens of corrections. */
const QUARTER = HOUR / 4;
const FRAME_RATE = 30;

/** Smallest chunks that are what they say: an IDR slice, another slice, an Opus packet of 20 ms. */
const KEY = Uint8Array.of(0, 0, 0, 2, 0x65, 0x88);
const DELTA = Uint8Array.of(0, 0, 0, 2, 0x41, 0x9a);
const OPUS = Uint8Array.of(0x78, 0);

const media = await generateFrames({ video: 'h264', audio: 'opus', seconds: 1 });

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2030-01-01T00:00:00Z') }));
afterEach(() => void vi.useRealTimers());

/**
 * A publisher whose sound card's clock is off, through ingest and segmenter, and the times that stand in the parts.
 * @param seconds that it lasts
 * @param jitter of the sound's timestamps, µs
 */
function publish(seconds: number, ppm: number, jitter: number) {
  const { ingest, window } = setUp(media.format);
  const audioStart: number[] = [];
  /** Where a sample of sound begins less where the one before ended, seconds. */
  const seams = { overlap: 0, gap: 0 };
  let ended: number | undefined;
  let newest: Part | undefined;
  const read = (): void => {
    const part = window.last?.parts.at(-1);
    if (!part || part === newest) return;
    newest = part;
    const tracks = readInitTracks(window.init(window.last!.init)!);
    for (const run of readTimes(part.bytes, tracks)) {
      if (run.kind !== 'audio') continue;
      for (const { start, duration } of run.samples) {
        audioStart.push(start);
        if (ended !== undefined) {
          seams.overlap = Math.max(seams.overlap, ended - start);
          seams.gap = Math.max(seams.gap, start - ended);
        }
        ended = start + duration;
      }
    }
  };
  const frameTime = 0.02 * (1 + ppm / 1e6);
  let sound = 0;
  for (let picture = 0; picture < seconds * FRAME_RATE; picture++) {
    const time = picture / FRAME_RATE;
    for (; sound * frameTime <= time; sound++) {
      const wander = Math.sin(sound * 12.9898) * Math.cos(sound * 78.233) * jitter;
      const timestamp = Math.round(sound * frameTime * 1e6 + wander);
      ingest.write(frameMessage({ track: 1, key: true, timestamp, duration: 20_000 }, OPUS));
      read();
    }
    const key = picture % FRAME_RATE === 0;
    const timestamp = Math.round(time * 1e6);
    ingest.write(frameMessage({ track: 0, key, timestamp, duration: 33_333 }, key ? KEY : DELTA));
    read();
  }
  // The n-th frame of sound was captured at n times the frame's true length; the picture's times are exact.
  const offset = audioStart.reduce(
    (most, start, index) => Math.max(most, Math.abs(start - index * frameTime)),
    0,
  );
  return { offset, seams, count: audioStart.length, drops: Object.fromEntries(ingest.drops.counts), sound };
}

describe('drifting clocks', () => {
  // The worst for an hour, where errors too small for a quarter add up.
  it.each([
    [QUARTER, 300, 0],
    [QUARTER, -300, 0],
    [HOUR, 300, 5000],
    [QUARTER, -300, 5000],
    [QUARTER, 0, 5000],
  ])('keep sound and picture within 40 ms: %i s, %i ppm, jitter of %i µs', (seconds, ppm, jitter) => {
    const { offset, seams, count, drops, sound } = publish(seconds, ppm, jitter);
    expect(offset).toBeLessThan(0.04);
    expect(drops).toEqual({});
    // All but what the last part did not hold yet.
    expect(sound - count).toBeLessThan(30);
    // Chromium (SourceBufferStream) takes overlaps below 1 ms for rounding.
    expect(seams.overlap).toBeLessThan(0.001);
    expect(seams.gap).toBeLessThan(0.001);
  });
});
