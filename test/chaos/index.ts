/** `npm run chaos`: see README.md beside this file. */
import { describeMachine, machineText, measureLoad } from '../bench/machine.js';
import { Arena } from './arena.js';
import { FAULTS } from './faults.js';
import { help, readOptions, type ChaosOptions } from './options.js';
import { table, writeReport } from './report.js';
import { FaultRunner, type Outcome } from './runner.js';

const DEFAULT_TIMES = 3;

await main(process.argv.slice(2));

async function main(args: string[]): Promise<void> {
  try {
    const { help: asksForHelp, ...options } = readOptions(args, FAULTS);
    // What is left open, as a browser does, must not keep the process.
    if (!asksForHelp) process.exit((await chaos(options)) ? 0 : 1);
    console.log(help(FAULTS));
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}

/** @returns whether every fault kept its promises */
async function chaos(options: Omit<ChaosOptions, 'help'>): Promise<boolean> {
  const startedAt = new Date().toISOString();
  const machine = await describeMachine(await measureLoad());
  console.log(`${machineText(machine)}\nSeed ${options.seed}`);
  const outcomes: Outcome[] = [];
  const problems: string[] = [];
  const opening = Arena.open();
  try {
    await Promise.race([interrupted(), opening.then((arena) => doAll(arena, options, outcomes))]);
  } catch (error) {
    problems.push((error as Error).message);
  }
  // Where it did not open, that is the problem.
  const arena = await opening.catch(() => undefined);
  if (arena?.hasBrowser) {
    const browser = await arena.browser().catch(() => undefined);
    if (browser) machine.chromium = browser.version();
  }
  // A disk that stays mounted, a server that goes on: nothing else would end them.
  problems.push(...((await arena?.close()) ?? []));
  console.log(`\n${[table(outcomes), ...problems].join('\n')}\n`);
  console.log(`All of it: ${await writeReport({ startedAt, machine, options, outcomes, problems })}`);
  const trials = outcomes.flatMap((outcome) => outcome.trials);
  return problems.length === 0 && trials.every((trial) => trial.problems.length === 0 && !trial.notJudged);
}

/** @param outcomes takes each that there is, also when it ends early */
async function doAll(
  arena: Arena,
  { only, quick, times, seed }: Omit<ChaosOptions, 'help'>,
  outcomes: Outcome[],
): Promise<void> {
  const chosen = FAULTS.filter(({ name, isLeftOut }) =>
    only.length > 0 ? only.includes(name) : !(quick && isLeftOut),
  );
  const runner = new FaultRunner(arena, { seed, progress: (line) => console.log(`  ${line}`) });
  for (const fault of chosen) {
    outcomes.push(await runner.run(fault, times ?? (quick ? 1 : (fault.times ?? DEFAULT_TIMES))));
  }
  await runner.lastLook();
}

/** @throws Error when it is told to end */
function interrupted(): Promise<never> {
  return new Promise((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => reject(new Error(`${signal}: not all faults were done`)));
    }
  });
}
