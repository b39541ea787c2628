import fc, { type RunDetails } from 'fast-check';
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
  const failures: string[] = [];
  let cases = 0;
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
    cases = details.numRuns;
    failures.push(...failuresOf(details, target, seed));
  } finally {
    // What shows at the end must not hide what failed before.
    await close?.().catch((error: unknown) => failures.push(`at the end: ${describe(error)}`));
    process.off('unhandledRejection', onStray);
    process.off('uncaughtException', onStray);
  }
  if (strays.length > 0) failures.push(`nobody caught ${describe(strays[0])}`);
  const growth = process.memoryUsage().rss - before;
  if (growth > MAX_GROWTH) failures.push(`${Math.round(growth / 2 ** 20)} MiB more memory`);
  if (failures.length === 0) return { cases };
  if (!failures[0]!.includes(COMMAND)) failures.push(again(target, seed));
  return { cases, failure: failures.join('\n') };
}

function failuresOf(details: RunDetails<unknown>, target: FuzzTarget, seed: number): string[] {
  const { failed, counterexample, counterexamplePath, errorInstance, numRuns, numShrinks, numSkips } =
    details;
  if (counterexample !== null) {
    const failure = [
      describe(errorInstance),
      `case ${numRuns} of seed ${seed}, made smaller ${numShrinks} times:`,
      fc.stringify(counterexample).slice(0, LONGEST_INPUT),
      again(target, seed, counterexamplePath ?? undefined),
    ];
    return [failure.join('\n')];
  }
  if (details.interrupted && numRuns === 0) {
    return ['not one case was played in its time: give it more --seconds'];
  }
  return failed ? [`it gave up after ${numRuns} cases, and ${numSkips} that were none`] : [];
}

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

const COMMAND = 'npm run fuzz -- ';

/** The command that shows it once more. */
function again({ name }: FuzzTarget, seed: number, path?: string): string {
  return `${COMMAND}--only ${name} --seed ${seed}${path === undefined ? '' : ` --path ${path}`}`;
}
