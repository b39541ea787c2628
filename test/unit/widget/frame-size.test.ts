import { describe, expect, it } from 'vitest';
import { contain, cover, even, fitSize } from '../../../widget/media/frame-size.js';

const HD = { width: 1280, height: 720 };

describe('fitSize', () => {
  it.each([
    [640, 480, 640, 480],
    [1920, 1080, 1280, 720],
    [3440, 1440, 1280, 536],
    [1366, 769, 1278, 720],
    [1080, 1920, 720, 1280],
    [321, 241, 322, 242],
  ])('makes %i×%i into %i×%i', (width, height, fittedWidth, fittedHeight) => {
    const size = fitSize({ width, height }, HD);
    expect((size.width % 2) + (size.height % 2)).toBe(0);
    expect(Math.abs(size.width - fittedWidth)).toBeLessThanOrEqual(2);
    expect(Math.abs(size.height - fittedHeight)).toBeLessThanOrEqual(2);
  });
});

describe('even', () => {
  it('never gives zero', () => {
    expect([even(0), even(1), even(2), even(3), even(719)]).toEqual([2, 2, 2, 4, 720]);
  });
});

describe('contain', () => {
  it('puts bars above and below a wider source', () => {
    expect(contain({ width: 200, height: 50 }, { width: 100, height: 100 })).toEqual({
      x: 0,
      y: 37.5,
      width: 100,
      height: 25,
    });
  });
});

describe('cover', () => {
  it('cuts the sides of a wider source', () => {
    expect(cover({ width: 200, height: 100 }, { width: 10, height: 10 })).toEqual({
      x: 50,
      y: 0,
      width: 100,
      height: 100,
    });
  });
});
