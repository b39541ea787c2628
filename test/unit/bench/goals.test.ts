import { describe, expect, it } from 'vitest';
import type { FigureResult, Goal } from '../../bench/figure.js';
import { FIGURES } from '../../bench/figures.js';
import { goalTable, outcomesOf } from '../../bench/goals.js';

const RESULT: FigureResult = {
  baseline: 'theirs',
  rows: [
    { what: 'p50', unit: 'seconds', summary: 'median', values: { ours: [0.4, 0.5, 0.6], theirs: [5, 5, 6] } },
    { what: 'stalls', unit: 'count', summary: 'sum', values: { ours: [0, 1, 0] } },
  ],
};

const measured = (...goals: Goal[]) => ({ name: 'latency', goals, ...RESULT });

describe('outcomesOf', () => {
  it('compares a number with its bound, which it may reach', () => {
    const outcomes = outcomesOf(
      measured(
        { row: 'p50', roads: ['ours'], most: 0.5 },
        { row: 'stalls', roads: ['ours'], most: 0, by: '--seconds 600' },
      ),
    );
    expect(outcomes).toEqual([
      { what: 'latency: p50, ours', value: '0.50 s', ratio: '0.10 ×', goal: '≤ 0.50 s', isReached: true },
      {
        what: 'latency: stalls, ours',
        value: '1',
        ratio: '',
        goal: '≤ 0 (--seconds 600)',
        isReached: false,
      },
    ]);
  });

  it('compares a ratio where the goal is one', () => {
    const [most, least] = outcomesOf(
      measured(
        { row: 'p50', roads: ['ours'], most: 0.1, isRatio: true },
        { row: 'p50', roads: ['ours'], least: 0.9, isRatio: true },
      ),
    );
    expect(most).toMatchObject({ goal: '≤ 0.1 ×', isReached: true });
    expect(least).toMatchObject({ goal: '≥ 0.9 ×', isReached: false });
  });

  it('does not call reached what was not measured', () => {
    const [absent] = outcomesOf(measured({ row: 'p50', roads: ['nobody’s'], most: 1 }));
    expect(absent).toMatchObject({ value: '–', isReached: undefined });
    expect(() => outcomesOf(measured({ row: 'p99', roads: ['ours'], most: 1 }))).toThrow(
      'nothing of that name',
    );
  });
});

describe('goalTable', () => {
  it('has a line for each goal and road', () => {
    const text = goalTable([measured({ row: 'p50', roads: ['ours', 'theirs'], most: 1 })]);
    expect(text.split('\n').slice(1)).toEqual([
      expect.stringMatching(/^latency: p50, ours .* ✓$/),
      expect.stringMatching(/^latency: p50, theirs .* ✗$/),
    ]);
  });

  it('has a goal of each figure', () => {
    for (const { goals } of FIGURES) {
      expect(goals.length).toBeGreaterThan(0);
      for (const { most, least } of goals) expect((most === undefined) !== (least === undefined)).toBe(true);
    }
  });
});
