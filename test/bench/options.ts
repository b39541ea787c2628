import { parseArgs } from 'node:util';
import type { Figure } from './figure.js';
import { readNumberOption } from './number-option.js';

export interface BenchOptions {
  /** Names of figures; empty: all. */
  only: string[];
  /** Names of roads; empty: all. */
  roads: string[];
  seconds: number;
  minutes: number;
  rounds: number | undefined;
  profile: boolean;
  help: boolean;
}

const DEFAULTS = { seconds: 10, minutes: 2 };
/** Enough to see that everything works, too little to quote. */
const QUICK = { seconds: 3, minutes: 0.5, rounds: 1 };

/** Latency over less is chance; over more than an hour a run is no bench. */
const SECONDS = { least: 2, most: 3600 };
const MINUTES = { least: 0.25, most: 180 };
const ROUNDS = { least: 1, most: 100, isWhole: true };

/** What `--help` prints. */
export function help(figures: readonly Figure[], roads: readonly string[]): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  return [
    'npm run bench -- [options]',
    '',
    '  --only <name>   measure this figure alone; may be given more than once',
    '  --road <name>   compare this road alone; may be given more than once',
    `  --seconds <n>   how long each thing is watched, warm-up not counted (default ${DEFAULTS.seconds})`,
    `  --minutes <n>   the same for memory (default ${DEFAULTS.minutes})`,
    '  --rounds <n>    runs of each road (default: as many as the figure thinks right)',
    `  --quick         ${QUICK.seconds} seconds, ${QUICK.minutes} minutes, ${QUICK.rounds} round: whether it works at all`,
    '  --profile       write processor profiles of the server to .cache/profiles (figures without a browser)',
    '',
    'Figures:',
    ...figures.map(({ name, title }) => `  ${name.padEnd(width)}   ${title}`),
    '',
    `Roads of the figures with a browser: ${roads.join(', ')}`,
  ].join('\n');
}

/** @throws Error for an unknown option, figure or road and for a number out of bounds */
export function readOptions(
  args: string[],
  figures: readonly Figure[],
  roads: readonly string[],
): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      road: { type: 'string', multiple: true, default: [] },
      seconds: { type: 'string' },
      minutes: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  checkNames(
    'figure',
    values.only,
    figures.map(({ name }) => name),
  );
  checkNames('road', values.road, roads);
  const defaults = values.quick ? QUICK : { ...DEFAULTS, rounds: undefined };
  return {
    only: values.only,
    roads: values.road,
    seconds: readNumberOption('--seconds', values.seconds, SECONDS) ?? defaults.seconds,
    minutes: readNumberOption('--minutes', values.minutes, MINUTES) ?? defaults.minutes,
    rounds: readNumberOption('--rounds', values.rounds, ROUNDS) ?? defaults.rounds,
    profile: values.profile,
    help: values.help,
  };
}

function checkNames(what: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`There is no ${what} "${unknown}". There is ${known.join(', ')}.`);
}
