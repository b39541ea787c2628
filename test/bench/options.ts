import { parseArgs } from 'node:util';
import type { Figure } from './figure.js';

export interface BenchOptions {
  /** Names of figures; empty: all. */
  only: string[];
  seconds: number;
  rounds: number | undefined;
  help: boolean;
}

const DEFAULT_SECONDS = 10;

/** Latency over less is chance; over more than an hour a run is no bench. */
const SECONDS = { least: 2, most: 3600 };
const ROUNDS = { least: 1, most: 100 };

/** What `--help` prints. */
export function help(figures: readonly Figure[]): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  return [
    'npm run bench -- [options]',
    '',
    '  --only <name>   measure this figure alone; may be given more than once',
    `  --seconds <n>   how long each viewer is watched, warm-up not counted (default ${DEFAULT_SECONDS})`,
    '  --rounds <n>    runs of each road (default: as many as the figure thinks right)',
    '',
    'Figures:',
    ...figures.map(({ name, title }) => `  ${name.padEnd(width)}   ${title}`),
  ].join('\n');
}

/** @throws Error for an unknown option or figure and for a number out of bounds */
export function readOptions(args: string[], figures: readonly Figure[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      seconds: { type: 'string', default: String(DEFAULT_SECONDS) },
      rounds: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const names = figures.map(({ name }) => name);
  const unknown = values.only.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Error(`There is no figure "${unknown}". There is ${names.join(', ')}.`);
  return {
    only: values.only,
    seconds: readNumber('--seconds', values.seconds, SECONDS),
    rounds: values.rounds === undefined ? undefined : readNumber('--rounds', values.rounds, ROUNDS),
    help: values.help,
  };
}

function readNumber(option: string, text: string, { least, most }: { least: number; most: number }): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`${option} is "${text}". Give a whole number from ${least} to ${most}.`);
}
