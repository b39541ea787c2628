import { describe, expect, it } from 'vitest';
import { FrameGrid } from '../../../widget/media/frame-grid.js';

const period = 1e6 / 30;

/** Numbers from 0 to 1 that look random, and are the same in every run. */
function noise(): () => number {
  let state = 1;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

describe('FrameGrid', () => {
  it('begins with the first frame, whenever that comes', () => {
    const grid = new FrameGrid(30);
    expect(grid.deadline).toBe(Infinity);
    expect(grid.place(5e6)).toEqual({ index: 0, repeats: 0 });
    expect(grid.timeOf(3)).toBe(5e6 + 3 * period);
  });

  it('neither doubles nor loses a frame of a camera that jitters by half a frame', () => {
    const grid = new FrameGrid(30);
    const random = noise();
    grid.place(0);
    for (let count = 1; count < 1000; count++) {
      const time = (count + random() - 0.5) * period;
      expect(grid.deadline).toBeGreaterThan(time);
      expect(grid.place(time)).toEqual({ index: count, repeats: 0 });
    }
  });

  it('repeats what a slow source leaves empty, and is late by less than a frame', () => {
    const grid = new FrameGrid(30);
    grid.place(0);
    expect(grid.place(2 * period)).toEqual({ index: 2, repeats: 1 });
    expect(grid.repeat(3.5 * period)).toBeUndefined();
    expect(grid.repeat(3.8 * period)).toEqual({ index: 3, repeats: 0 });
    // What comes too late for its place takes the next one.
    expect(grid.place(3.9 * period)).toEqual({ index: 4, repeats: 0 });
  });

  it('leaves out what a fast source has too much of', () => {
    const grid = new FrameGrid(30);
    const taken = Array.from({ length: 120 }, (_, count) => grid.place((count * period) / 2)).filter(Boolean);
    expect(taken.length).toBeGreaterThanOrEqual(60);
    expect(taken.length).toBeLessThanOrEqual(61);
  });

  it('keeps the rate of the clock with a source of another one', () => {
    for (const rate of [15, 24, 25, 29.97, 50]) {
      const grid = new FrameGrid(30);
      let places = 0;
      for (let count = 0; count < rate * 60; count++) {
        const placement = grid.place((count * 1e6) / rate);
        if (placement) places += 1 + placement.repeats;
      }
      expect(Math.abs(places - 1800)).toBeLessThanOrEqual(2);
    }
  });

  it('follows a source that counts frames itself, however they jitter', () => {
    const grid = new FrameGrid(30, 1.5);
    grid.place(0);
    expect(grid.place(1.9 * period, 1)).toEqual({ index: 1, repeats: 0 });
    expect(grid.place(1.95 * period, 1)).toEqual({ index: 2, repeats: 0 });
    expect(grid.place(4 * period, 2)).toEqual({ index: 4, repeats: 1 });
    // Not where it is off the clock.
    expect(grid.place(9 * period, 1)).toEqual({ index: 9, repeats: 4 });
  });

  it('jumps over a hole that is longer than a second instead of filling it', () => {
    const grid = new FrameGrid(30);
    grid.place(0);
    expect(grid.place(60e6)).toEqual({ index: 1800, repeats: 0 });
  });
});
