import { expect, it } from 'vitest';
import { Arena } from '../../chaos/arena.js';
import { FAULTS } from '../../chaos/faults.js';
import { FaultRunner } from '../../chaos/runner.js';

/** Of `npm run chaos`: what takes seconds and no browser. */
const SHORT = ['malformed-messages', 'over-limits', 'ffmpeg-crash'];

it('keeps what the faults promise, and compares every sample to know it', { timeout: 60_000 }, async () => {
  const arena = await Arena.open();
  const runner = new FaultRunner(arena, { seed: 1, progress: console.log });
  try {
    for (const name of SHORT) {
      const fault = FAULTS.find((each) => each.name === name)!;
      const { trials } = await runner.run(fault, 1);
      expect(trials.map(({ problems }) => problems)).toEqual([[]]);
    }
    expect(await runner.lastLook()).toEqual([]);
  } finally {
    expect(await arena.close()).toEqual([]);
  }
});
