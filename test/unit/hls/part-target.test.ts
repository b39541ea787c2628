import { describe, expect, it } from 'vitest';
import { choosePartTarget } from '../../../server/hls/part-target.js';

const exact = (rate: number, count = 6): number[] => Array.from({ length: count }, () => 1 / rate);
const rounded = (rate: number, count = 6): number[] =>
  Array.from(
    { length: count },
    (_, i) => (Math.round(((i + 1) / rate) * 1000) - Math.round((i / rate) * 1000)) / 1000,
  );

describe('choosePartTarget', () => {
  it.each([
    [24, 0.209],
    [25, 0.2],
    [30_000 / 1001, 0.201],
    [30, 0.2],
    [50, 0.2],
    [60, 0.2],
    [15, 0.2],
    [1, 1],
  ])('takes the whole number of frames nearest to 0.2 s at %f a second', (rate, target) => {
    expect(choosePartTarget(exact(rate), 0.2).partTarget).toBe(target);
  });

  it.each([24, 25, 30, 60])('leaves a millisecond for times in whole milliseconds at %i a second', (rate) => {
    const frames = Math.round(0.2 * rate);
    const { partTarget } = choosePartTarget(rounded(rate), 0.2);
    for (let first = 0; first < 1000; first++) {
      const length =
        (Math.round(((first + frames) / rate) * 1000) - Math.round((first / rate) * 1000)) / 1000;
      expect(length).toBeLessThanOrEqual(partTarget + 1e-9);
      expect(length).toBeGreaterThanOrEqual(partTarget * 0.85);
    }
  });

  it('is not misled by one late frame', () => {
    expect(choosePartTarget([1 / 30, 1 / 30, 0.3, 1 / 30, 1 / 30, 1 / 30], 0.2).frameDuration).toBeCloseTo(
      1 / 30,
      6,
    );
  });

  it('takes the wanted length where frames come as they like', () => {
    expect(choosePartTarget([0.053, 0.2, 0.033, 0.12, 0.01, 0.09], 0.2).partTarget).toBe(0.2);
  });

  it('keeps the frame length of AAC as it is', () => {
    expect(choosePartTarget(exact(46.875), 0.2)).toEqual({
      partTarget: 0.192,
      frameDuration: 1024 / 48_000,
      isRegular: true,
    });
  });

  it.each([
    [0.1, 0.1],
    [0.5, 0.5],
  ])('serves other lengths: %f s', (wanted, target) => {
    expect(choosePartTarget(exact(30), wanted).partTarget).toBe(target);
  });
});
