import { parseArgs } from 'node:util';
import { readNumberOption } from '../bench/number-option.js';
import type { Fault } from './fault.js';

export interface ChaosOptions {
  /** Names of faults; empty: all. */
  only: string[];
  /** Undefined: as often as the fault says. */
  times: number | undefined;
  seed: number;
  quick: boolean;
  help: boolean;
}

const TIMES = { least: 1, most: 100, isWhole: true };
const SEED = { least: 0, most: 2 ** 32 - 1, isWhole: true };

/** What `--help` prints. */
export function help(faults: readonly Fault[]): string {
  const width = Math.max(...faults.map(({ name }) => name.length));
  return [
    'npm run chaos -- [options]',
    '',
    '  --only <name>   this fault alone; may be given more than once',
    '  --times <n>     how often each (default: as often as the fault says)',
    '  --seed <n>      of what is left to chance (default: another one each time; it is printed)',
    '  --quick         each once, without those that take long and those that are much like another',
    '',
    'Faults:',
    ...faults.map(({ name, title }) => `  ${name.padEnd(width)}   ${title}`),
  ].join('\n');
}

/** @throws Error for an unknown option or fault and for a number out of bounds */
export function readOptions(args: string[], faults: readonly Fault[]): ChaosOptions {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      times: { type: 'string' },
      seed: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const unknown = values.only.find((name) => !faults.some((fault) => fault.name === name));
  if (unknown !== undefined) {
    const names = faults.map(({ name }) => name).join(', ');
    throw new Error(`There is no fault "${unknown}". There is ${names}.`);
  }
  return {
    only: values.only,
    times: readNumberOption('--times', values.times, TIMES),
    seed: readNumberOption('--seed', values.seed, SEED) ?? Math.floor(Math.random() * 2 ** 32),
    quick: values.quick,
    help: values.help,
  };
}
