import { describe, expect, it } from 'vitest';
import { measureBitrate } from '../../../server/hls/bitrate.js';
import { Window } from '../../../server/hls/window.js';

/** A window of segments of so many seconds and bytes each. */
function makeWindow(...segments: [number, number][]): Window {
  const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
  for (const [duration, size] of segments) {
    window.openSegment({ init: 0, discontinuity: false, programDateTime: 0, independent: true });
    window.addPart({ duration, independent: true, bytes: new Uint8Array(size) });
    window.closeSegment();
  }
  return window;
}

describe('measureBitrate (RFC 8216bis §4.1, §4.4.6.2)', () => {
  it('takes all bits over all time for the average', () => {
    expect(measureBitrate(makeWindow([1, 1000], [3, 1000])).average).toBe(4000);
  });

  it('takes the densest run of half to one and a half target durations for the peak', () => {
    expect(measureBitrate(makeWindow([1, 1000], [1, 3000], [1, 2000])).peak).toBe(24_000);
  });

  it('does not take the short first segment, with its key frame, for the rate of the stream', () => {
    expect(measureBitrate(makeWindow([0.2, 1000], [1, 1400])).peak).toBe(16_000);
  });

  it('takes the average where no run is long enough', () => {
    expect(measureBitrate(makeWindow([0.2, 1000]))).toEqual({ peak: 40_000, average: 40_000 });
    expect(measureBitrate(makeWindow())).toEqual({ peak: 0, average: 0 });
  });
});
