import { describe, expect, it } from 'vitest';
import { courseOf, MEASURES, type MeasureName, type Sample } from '../../soak/measures.js';

/** An hour of samples, one a minute. */
function samplesOf(name: MeasureName, value: (minute: number) => number): Sample[] {
  const zeros = Object.fromEntries(Object.keys(MEASURES).map((key) => [key, 0]));
  return Array.from({ length: 60 }, (_, minute) => ({
    minute,
    values: { ...(zeros as Record<MeasureName, number>), [name]: value(minute) },
  }));
}

describe('courseOf', () => {
  it('finds growth over the second half, and none while a server warms up', () => {
    const leak = courseOf(
      'held',
      samplesOf('held', (minute) => 20 + minute / 5),
    );
    expect(leak.growth).toBeCloseTo(5.8, 1);
    expect(leak.isFlat).toBe(false);
    const warm = courseOf(
      'held',
      samplesOf('held', (minute) => Math.min(20 + minute, 40)),
    );
    expect(warm).toMatchObject({ growth: 0, isFlat: true, end: 40 });
  });

  it('takes no outlier for a trend', () => {
    const spike = courseOf(
      'delayP95',
      samplesOf('delayP95', (minute) => (minute === 59 ? 5000 : 80)),
    );
    expect(spike.isFlat).toBe(true);
  });

  it('does not call flat what could not be measured', () => {
    expect(
      courseOf(
        'delayP50',
        samplesOf('delayP50', () => NaN),
      ).isFlat,
    ).toBe(false);
  });

  it('allows not one ffmpeg more', () => {
    const more = courseOf(
      'transcoders',
      samplesOf('transcoders', (minute) => (minute < 50 ? 2 : 3)),
    );
    expect(more.isFlat).toBe(false);
  });
});
