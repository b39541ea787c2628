import { describe, expect, it } from 'vitest';
import { StuckLoading, type LoadingInput } from '../../../widget/media/stuck-loading.js';

describe('StuckLoading', () => {
  const starved = { isStarved: true, bufferedEnd: 10, playlistEnd: 12, pieceDuration: 0.2 };

  /** The times at which it tells, of those from 0 to 20 s. */
  function tells(change: Partial<LoadingInput> | ((now: number) => Partial<LoadingInput>)): number[] {
    const loading = new StuckLoading();
    const times: number[] = [];
    for (let now = 0; now < 20; now += 0.25) {
      const input = { ...starved, ...(typeof change === 'function' ? change(now) : change), now };
      if (loading.update(input)) times.push(now);
    }
    return times;
  }

  it('tells after a second of nothing, and then gives it twice as long each time', () => {
    // Each time one call learns where the waiting begins.
    expect(tells({})).toEqual([1.25, 3.5, 7.75, 16]);
  });

  it('waits longer where pieces are longer', () => {
    expect(tells({ pieceDuration: 4 })).toEqual([12.25]);
  });

  it('has its patience back when something arrived', () => {
    expect(tells((now) => ({ bufferedEnd: now < 10 ? 10 : 11 }))).toEqual([
      1.25, 3.5, 7.75, 11.25, 13.5, 17.75,
    ]);
  });

  it.each([
    ['playback goes on', { isStarved: false }],
    ['the playlist has no more', { playlistEnd: 10.3 }],
    ['the playlist is not known', { playlistEnd: undefined }],
  ])('is quiet while %s', (_name, change) => {
    expect(tells(change)).toEqual([]);
  });

  it('is quiet while something arrives, however little', () => {
    expect(tells((now) => ({ bufferedEnd: 10 + now * 0.01 }))).toEqual([]);
  });
});
