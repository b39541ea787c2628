import { describe, expect, it, vi } from 'vitest';
import { fuzz } from '../../fuzz/run.js';
import { TARGETS } from '../../fuzz/targets.js';

vi.setConfig({ testTimeout: 60_000 });

/** As many as take a second or so; `npm run fuzz` has more, and others each time. */
const RUNS: Record<string, number> = {
  messages: 20,
  frames: 12,
  containers: 150,
  fragments: 6,
  http: 20,
  api: 20,
};
const SEED = 20_300_101;

describe('a short run of the fuzzer', () => {
  it.each(TARGETS.filter(({ isReal }) => !isReal))('finds nothing in $name', async (target) => {
    const { cases, failure } = await fuzz(target, { seed: SEED, runs: RUNS[target.name] });
    expect(failure).toBeUndefined();
    expect(cases).toBe(RUNS[target.name]);
  });
});
