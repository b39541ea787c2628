import { parseArgs } from 'node:util';

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
const STREAMS = { least: 1, most: 20 };
const VIEWERS = { least: 2, most: 1000 };

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
    minutes: readNumber('--minutes', values.minutes, MINUTES) ?? defaults.minutes,
    streams: whole('--streams', readNumber('--streams', values.streams, STREAMS) ?? defaults.streams),
    viewers: whole('--viewers', readNumber('--viewers', values.viewers, VIEWERS) ?? defaults.viewers),
  };
}

function readNumber(
  option: string,
  text: string | undefined,
  { least, most }: { least: number; most: number },
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value >= least && value <= most) return value;
  throw new Error(`${option} is "${text}". Give a number from ${least} to ${most}.`);
}

function whole(option: string, value: number): number {
  if (Number.isInteger(value)) return value;
  throw new Error(`${option} is ${value}. Give a whole number.`);
}
