import { describe, expect, it } from 'vitest';
import { readOptions } from '../../chaos/options.js';
import type { Fault } from '../../chaos/fault.js';
import type { Trial } from '../../chaos/judgement.js';
import { table } from '../../chaos/report.js';

const fault = { name: 'it', title: 'something', promises: {} } as Fault;
const trial = (more: Partial<Trial> = {}): Trial => ({
  ...{ targets: [], others: [], usual: 0, affected: [], problems: [] },
  ...more,
});

describe('the table', () => {
  it('says what is kept, what is not, what nobody knows and what was not done', () => {
    const text = table([
      { fault, trials: [trial({ recovery: 1 }), trial({ recovery: 3 })] },
      { fault, trials: [trial({ problems: ['2 samples lost'] })] },
      { fault, trials: [trial({ notJudged: 'busy' })] },
      { fault, trials: [], skipped: 'no disk' },
    ]);
    const lines = text.split('\n');
    expect(lines[1]).toMatch(/something\s+2\s+2.00 s\s+3.00 s.*✓$/);
    expect(lines[2]).toMatch(/✗$/);
    expect(lines[3]).toBe('    2 samples lost');
    expect(lines[4]).toMatch(/ not judged: busy$/);
    expect(lines[4]).not.toContain('✓');
    expect(lines[5]).toMatch(/ skipped: no disk$/);
    expect(lines[6]).toBe('1 skipped');
  });
});

describe('its options', () => {
  it.each([
    [['--only', 'nothing'], /There is no fault "nothing". There is it./],
    [['--times', '0'], /--times is "0". Give a whole number from 1 to 100/],
    [['--times', '1.5'], /--times is "1.5"/],
    [['--seed', ''], /--seed is ""/],
  ])('%j are refused', (args, message) => {
    expect(() => readOptions(args, [fault])).toThrow(message);
  });
});
