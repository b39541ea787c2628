import { parseArgs } from 'node:util';
import { readNumberOption } from '../bench/number-option.js';

export interface SoakOptions {
  minutes: number;
  streams: number;
  viewers: number;
}

const DEFAULTS = { minutes: 60, streams: 10, viewers: 200 };

/** Long enough for full windows in its second half, which is what counts. */
const QUICK = { ...DEFAULTS, minutes: 1.25 };

const MINUTES = { least: 0.5, most: 24 * 60 };
/** What the server takes from one address by default. */
const STREAMS = { least: 1, most: 20, isWhole: true };
const VIEWERS = { least: 2, most: 1000, isWhole: true };

/** What `--help` prints. */
export const HELP = [
  'npm run soak -- [options]',
  '',
  `  --minutes <n>   how long (default ${DEFAULTS.minutes})`,
  `  --streams <n>   how many streams, every fifth of them a container (default ${DEFAULTS.streams})`,
  `  --viewers <n>   how many viewers of all streams, half LL-HLS, half live.mp4 (default ${DEFAULTS.viewers})`,
  `  --quick         ${QUICK.minutes} minutes: whether anything grows at all`,
].join('\n');

/** @returns undefined where help is asked for. @throws Error for an unknown option and for a number out of bounds */
export function readOptions(args: string[]): SoakOptions | undefined {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string' },
      streams: { type: 'string' },
      viewers: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const defaults = values.quick ? QUICK : DEFAULTS;
  return {
    minutes: readNumberOption('--minutes', values.minutes, MINUTES) ?? defaults.minutes,
    streams: readNumberOption('--streams', values.streams, STREAMS) ?? defaults.streams,
    viewers: readNumberOption('--viewers', values.viewers, VIEWERS) ?? defaults.viewers,
  };
}
