import { describe, expect, it } from 'vitest';
import { AudioTimeline } from '../../../server/ingest/audio-timeline.js';

const RATE = 48_000;
const FRAME = 960;
const NOMINAL = (FRAME / RATE) * 1e6;

/** Frames of a sound card whose clock is off: their distance from the true time, in ms, and from each other, in samples. */
function run(
  seconds: number,
  { ppm = 0, jitter = () => 0 }: { ppm?: number; jitter?: (index: number) => number } = {},
): { worst: number; steps: number[]; dropped: number } {
  const timeline = new AudioTimeline(RATE);
  const steps: number[] = [];
  let worst = 0;
  let dropped = 0;
  let next: number | undefined;
  for (let index = 0; index * NOMINAL < seconds * 1e6; index++) {
    const time = index * NOMINAL * (1 + ppm / 1e6);
    const dts = timeline.place(Math.round(time + jitter(index)), FRAME);
    if (dts === undefined) {
      dropped++;
      continue;
    }
    worst = Math.max(worst, Math.abs((dts / RATE) * 1000 - time / 1000));
    if (next !== undefined) steps.push(dts - next);
    next = dts + FRAME;
  }
  return { worst, steps, dropped };
}

const largest = (steps: number[]): number => steps.reduce((most, step) => Math.max(most, Math.abs(step)), 0);

/** Repeatable noise between -1 and 1. */
const noise = (index: number): number => Math.sin(index * 12.9898) * Math.cos(index * 78.233);

describe('AudioTimeline', () => {
  it('leaves no gap and no overlap where timestamps are regular', () => {
    expect(run(3600).steps.every((step) => step === 0)).toBe(true);
  });

  it('does not follow jitter', () => {
    const { steps, dropped, worst } = run(600, { jitter: (index) => noise(index) * 9000 });
    expect(steps.every((step) => step === 0)).toBe(true);
    expect(dropped).toBe(0);
    expect(worst).toBeLessThan(15);
  });

  it.each([300, -300, 50, -50, 1000, -1000])('stays within 15 ms for an hour at %i ppm', (ppm) => {
    const { steps, worst, dropped } = run(3600, { ppm });
    expect(worst).toBeLessThan(15);
    expect(dropped).toBe(0);
    // Chromium (SourceBufferStream) takes overlaps below 1 ms for rounding.
    expect(largest(steps)).toBeLessThan(RATE / 1000);
  });

  it.each([300, -300])('… and within 25 ms where timestamps jitter as well, at %i ppm', (ppm) => {
    const { steps, worst, dropped } = run(3600, { ppm, jitter: (index) => noise(index) * 8000 });
    expect(worst).toBeLessThan(25);
    expect(dropped).toBe(0);
    expect(largest(steps)).toBeLessThan(RATE / 1000);
  });

  it('leaves a gap where sound is missing', () => {
    const timeline = new AudioTimeline(RATE);
    expect(timeline.place(0, FRAME)).toBe(0);
    expect(timeline.place(20_000, FRAME)).toBe(FRAME);
    expect(timeline.place(1_040_000, FRAME)).toBe(52 * FRAME);
  });

  it('takes a smaller gap for one only when several frames agree', () => {
    const timeline = new AudioTimeline(RATE);
    const place = (index: number, late: number) => timeline.place(index * NOMINAL + late, FRAME);
    expect(place(0, 0)).toBe(0);
    expect(place(1, 100_000)).toBe(FRAME);
    expect(place(2, 0)).toBe(2 * FRAME);
    expect(place(3, 100_000)).toBe(3 * FRAME);
    expect(place(4, 100_000)).toBe(4 * FRAME);
    expect(place(5, 100_000)).toBe(5 * FRAME + RATE / 10);
    expect(place(6, 100_000)).toBe(6 * FRAME + RATE / 10);
  });

  it('leaves out sound of a time of which there is sound already', () => {
    const timeline = new AudioTimeline(RATE);
    for (let index = 0; index < 50; index++) timeline.place(index * NOMINAL, FRAME);
    const again = Array.from({ length: 60 }, (_, index) => timeline.place((index + 30) * NOMINAL, FRAME));
    const placed = again.filter((dts) => dts !== undefined);
    expect(placed[0]).toBe(50 * FRAME);
    expect(largest(placed.slice(1).map((dts, index) => dts - placed[index]! - FRAME))).toBeLessThan(
      RATE / 1000,
    );
    expect(again.filter((dts) => dts === undefined).length).toBeGreaterThan(15);
  });
});
