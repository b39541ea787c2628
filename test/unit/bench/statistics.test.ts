import { describe, expect, it } from 'vitest';
import type { Row } from '../../bench/figure.js';
import { median, ratio, slope, summarize } from '../../bench/statistics.js';

const row = (values: Record<string, number[]>, summary: Row['summary'] = 'median'): Row => ({
  what: 'p50',
  unit: 'seconds',
  summary,
  values,
});

describe('median', () => {
  it('is the middle value, or the mean of the middle two', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 2])).toBe(3.5);
    expect(median([])).toBeNaN();
  });
});

describe('summarize', () => {
  it('takes the median of the rounds, or all of them together', () => {
    expect(summarize(row({ ours: [1, 3, 2] }), 'ours')).toBe(2);
    expect(summarize(row({ ours: [1, 3, 2] }, 'sum'), 'ours')).toBe(6);
    expect(summarize(row({ ours: [1] }), 'theirs')).toBeNaN();
  });
});

describe('ratio', () => {
  it('is that of the rounds, whose runs follow each other, and not that of the medians', () => {
    expect(ratio(row({ ours: [1, 8, 2], theirs: [2, 2, 8] }), 'ours', 'theirs')).toBe(0.5);
  });

  it('means nothing of the baseline itself, without one, of a sum, and where a round has no value', () => {
    const values = { ours: [1], theirs: [2] };
    expect(ratio(row(values), 'theirs', 'theirs')).toBeUndefined();
    expect(ratio(row(values), 'ours', undefined)).toBeUndefined();
    expect(ratio(row(values, 'sum'), 'ours', 'theirs')).toBeUndefined();
    expect(ratio(row({ ours: [1], theirs: [] }), 'ours', 'theirs')).toBeUndefined();
  });
});

describe('slope', () => {
  it('is that of the line that fits best', () => {
    expect(
      slope([
        { x: 0, y: 1 },
        { x: 1, y: 3 },
        { x: 2, y: 5 },
      ]),
    ).toBe(2);
    expect(slope([{ x: 0, y: 1 }])).toBeNaN();
  });
});
