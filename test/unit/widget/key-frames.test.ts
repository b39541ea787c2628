import { describe, expect, it } from 'vitest';
import { KeyFrames } from '../../../widget/media/key-frames.js';

/** The places of key frames among those that are asked for. */
const keysOf = (keyFrames: KeyFrames, from: number, to: number, step = 1): number[] => {
  const keys: number[] = [];
  for (let index = from; index < to; index += step) if (keyFrames.isDue(index)) keys.push(index);
  return keys;
};

describe('KeyFrames', () => {
  it('come first, after 0.1, 0.3, 0.6 and 1 s, and then once a second', () => {
    expect(keysOf(new KeyFrames(30), 0, 100)).toEqual([0, 3, 9, 18, 30, 60, 90]);
    expect(keysOf(new KeyFrames(24), 0, 60)).toEqual([0, 2, 7, 14, 24, 48]);
  });

  it('begin anew after a restart', () => {
    const keyFrames = new KeyFrames(30);
    keysOf(keyFrames, 0, 50);
    keyFrames.restart();
    expect(keysOf(keyFrames, 50, 100)).toEqual([50, 53, 59, 68, 80]);
  });

  it('keep their rhythm where places are left out', () => {
    expect(keysOf(new KeyFrames(30), 0, 100, 4)).toEqual([0, 4, 12, 20, 32, 60, 92]);
  });
});
