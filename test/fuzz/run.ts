import fc from 'fast-check';
import type { FuzzTarget } from './target.js';

export interface FuzzRun {
  seed: number;
  runs?: number | undefined;
  seconds?: number | undefined;
  path?: string | undefined;
}

export interface FuzzResult {
  cases: number;
  /** What went wrong, with the smallest input that was found, and how to see it again. */
  failure?: string;
}

/** No case takes as long, milliseconds; one that does hangs. */
const LONGEST_CASE = { fake: 20_000, real: 60_000 };

/** A counterexample is told so far, characters. */
const LONGEST_INPUT = 6000;

/** Memory that a run may take, beside what there was before, bytes. */
const MAX_GROWTH = 512 * 1024 * 1024;

/** Plays cases of a target until one fails, or enough have been played. */
export async function fuzz(target: FuzzTarget, { seed, runs, seconds, path }: FuzzRun): Promise<FuzzResult> {
  const { property, close } = await target.prepare();
  const strays: unknown[] = [];
  const onStray = (error: unknown): void => void strays.push(error);
  process.on('unhandledRejection', onStray);
  process.on('uncaughtException', onStray);
  const before = process.memoryUsage().rss;
  try {
    const details = await fc.check(property, {
      seed,
      numRuns: runs ?? Number.MAX_SAFE_INTEGER,
      ...(path !== undefined && { path }),
      plugins: [
        fc.timeout(LONGEST_CASE[target.isReal ? 'real' : 'fake']),
        ...(seconds === undefined ? [] : [fc.interruptAfterTimeLimit(seconds * 1000)]),
      ],
    });
    const cases = details.numRuns;
    if (strays.length > 0)
      return { cases, failure: `nobody caught ${describe(strays[0])}\n${again(target, seed)}` };
    const growth = process.memoryUsage().rss - before;
    if (growth > MAX_GROWTH)
      return { cases, failure: `${Math.round(growth / 2 ** 20)} MiB more memory\n${again(target, seed)}` };
    if (!details.failed || details.counterexample === null) return { cases };
    const input = fc.stringify(details.counterexample).slice(0, LONGEST_INPUT);
    const failure = [
      describe(details.errorInstance),
      `case ${cases} of seed ${seed}, made smaller ${details.numShrinks} times:`,
      input,
      again(target, seed, details.counterexamplePath ?? undefined),
    ];
    return { cases, failure: failure.join('\n') };
  } finally {
    process.off('unhandledRejection', onStray);
    process.off('uncaughtException', onStray);
    await close?.();
  }
}

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** The command that shows it once more. */
function again({ name }: FuzzTarget, seed: number, path?: string): string {
  return `npm run fuzz -- --only ${name} --seed ${seed}${path === undefined ? '' : ` --path ${path}`}`;
}
