import { describe, expect, it } from 'vitest';
import { defaultLimits, defaultPackaging, resolveOptions } from '../../server/options.js';

describe('resolveOptions', () => {
  it('fills in defaults', () => {
    expect(resolveOptions(defaultPackaging, { partDuration: 0.1, segmentDuration: undefined })).toEqual({
      ...defaultPackaging,
      partDuration: 0.1,
    });
  });

  it.each([
    [{ partDuration: 0 }, /partDuration is 0; give a number from 0.05 to 2/],
    [{ windowSegments: 5 }, /windowSegments is 5/],
    [{ partDuration: Number.NaN }, /partDuration is NaN/],
    [{ segmentDuration: '1' as unknown as number }, /segmentDuration is 1/],
  ])('refuses %j', (given, message) => {
    expect(() => resolveOptions(defaultPackaging, given)).toThrow(message);
  });

  it.each([
    [{ liveWaitTime: 301 }, /liveWaitTime is 301; give a number from 0 to 300/],
    [{ maxLiveBacklogBytes: 1000 }, /maxLiveBacklogBytes is 1000; give a number from 65536/],
    [{ maxLiveSkips: -1 }, /maxLiveSkips is -1/],
    [{ liveStallTime: Infinity }, /liveStallTime is Infinity/],
    [{ maxStreamTime: 0 }, /maxStreamTime is 0; give a number from 1 to Infinity/],
    [{ maxViewersPerAddress: 0 }, /maxViewersPerAddress is 0/],
    [{ maxPixels: 100 }, /maxPixels is 100; give a number from 256/],
    [{ maxTotalBytes: 1000 }, /maxTotalBytes is 1000/],
    [{ transcoderFlushTime: 0 }, /transcoderFlushTime is 0; give a number from 0.1 to 300/],
    [{ transcoderStallTime: 0.5 }, /transcoderStallTime is 0.5; give a number from 1 to 300/],
    [{ maxTranscoderBitrate: 1000 }, /maxTranscoderBitrate is 1000; give a number from 100000/],
    [{ maxReplayBytes: 1000 }, /maxReplayBytes is 1000; give a number from 65536/],
  ])('refuses %j', (given, message) => {
    expect(() => resolveOptions(defaultLimits, given)).toThrow(message);
  });

  it('leaves out what is no option', () => {
    expect(resolveOptions(defaultLimits, { nonsense: 1 } as object)).toEqual(defaultLimits);
  });
});
