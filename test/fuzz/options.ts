import { parseArgs } from 'node:util';
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

const SECONDS = 20;

/** What `--help` prints. */
export function help(targets: readonly FuzzTarget[]): string {
  const width = Math.max(...targets.map(({ name }) => name.length));
  return [
    'npm run fuzz -- [options]',
    '',
    '  --only <name>   this target alone; may be given more than once',
    '  --seed <n>      the cases of an earlier run again (default: other ones each time)',
    '  --runs <n>      how many cases of each target',
    `  --seconds <n>   how long each target takes, where --runs says nothing (default ${SECONDS})`,
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
  const runs = readNumber('--runs', values.runs, 1, 1e9);
  const seconds = readNumber('--seconds', values.seconds, 1, 86_400);
  if (values.path !== undefined && (values.seed === undefined || values.only.length !== 1)) {
    throw new Error('--path is of one target and one seed: give --only and --seed beside it.');
  }
  return {
    only: values.only,
    seed: readNumber('--seed', values.seed, -(2 ** 31), 2 ** 31 - 1) ?? Math.floor(Math.random() * 2 ** 31),
    runs,
    seconds: seconds ?? (runs === undefined ? SECONDS : undefined),
    path: values.path,
    help: values.help,
  };
}

function readNumber(
  option: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`${option} is "${text}". Give a whole number from ${least} to ${most}.`);
}
