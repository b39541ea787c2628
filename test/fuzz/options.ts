import { parseArgs } from 'node:util';
import { readNumberOption } from '../bench/number-option.js';
import type { FuzzTarget } from './target.js';

export interface FuzzOptions {
  /** Names of targets; empty: all. */
  only: string[];
  seed: number;
  /** For each target; undefined: as many as `seconds` allow. */
  runs: number | undefined;
  /** For each target. */
  seconds: number | undefined;
  /** Of one case, as a failure tells it. */
  path: string | undefined;
  help: boolean;
}

const DEFAULT_SECONDS = 20;

const RUNS = { least: 1, most: 1e9, isWhole: true };
const SECONDS = { least: 1, most: 86_400, isWhole: true };
const SEED = { least: -(2 ** 31), most: 2 ** 31 - 1, isWhole: true };

/** What `--help` prints. */
export function help(targets: readonly FuzzTarget[]): string {
  const width = Math.max(...targets.map(({ name }) => name.length));
  return [
    'npm run fuzz -- [options]',
    '',
    '  --only <name>   this target alone; may be given more than once',
    '  --seed <n>      the cases of an earlier run again (default: other ones each time)',
    '  --runs <n>      how many cases of each target',
    `  --seconds <n>   how long each target takes, where --runs says nothing (default ${DEFAULT_SECONDS})`,
    '  --path <path>   one case of a seed, made as small as it became: what a failure prints',
    '',
    'Targets:',
    ...targets.map(({ name, title }) => `  ${name.padEnd(width)}   ${title}`),
  ].join('\n');
}

/** @throws Error for an unknown option or target and for a number out of bounds */
export function readOptions(args: string[], targets: readonly FuzzTarget[]): FuzzOptions {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string' },
      runs: { type: 'string' },
      seconds: { type: 'string' },
      path: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const unknown = values.only.find((name) => !targets.some((target) => target.name === name));
  if (unknown !== undefined) {
    throw new Error(
      `There is no target "${unknown}". There is ${targets.map(({ name }) => name).join(', ')}.`,
    );
  }
  const runs = readNumberOption('--runs', values.runs, RUNS);
  const seconds = readNumberOption('--seconds', values.seconds, SECONDS);
  if (values.path !== undefined && (values.seed === undefined || values.only.length !== 1)) {
    throw new Error('--path is of one target and one seed: give --only and --seed beside it.');
  }
  return {
    only: values.only,
    seed: readNumberOption('--seed', values.seed, SEED) ?? Math.floor(Math.random() * 2 ** 31),
    runs,
    seconds: seconds ?? (runs === undefined ? DEFAULT_SECONDS : undefined),
    path: values.path,
    help: values.help,
  };
}
