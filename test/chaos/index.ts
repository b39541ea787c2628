/** `npm run chaos`: see README.md beside this file. */
import { describeMachine, machineText, measureLoad } from '../bench/machine.js';
import { Arena } from './arena.js';
import { FAULTS } from './faults.js';
import { help, readOptions, type ChaosOptions } from './options.js';
import { table, writeReport } from './report.js';
import { runFault, type Outcome } from './runner.js';

const DEFAULT_TIMES = 3;

await main(process.argv.slice(2));

async function main(args: string[]): Promise<void> {
  try {
    const { help: asksForHelp, ...options } = readOptions(args, FAULTS);
    if (asksForHelp) console.log(help(FAULTS));
    else await chaos(options);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}

async function chaos(options: Omit<ChaosOptions, 'help'>): Promise<void> {
  const startedAt = new Date().toISOString();
  const machine = await describeMachine(await measureLoad());
  console.log(`${machineText(machine)}\nSeed ${options.seed}`);
  const chosen = FAULTS.filter(({ name, isLeftOut }) =>
    options.only.length > 0 ? options.only.includes(name) : !(options.quick && isLeftOut),
  );
  const outcomes: Outcome[] = [];
  const problems: string[] = [];
  const arena = await Arena.open();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // A disk that stays mounted, a server that goes on: nothing else would end them.
    process.once(signal, () => void arena.close().finally(() => process.exit(1)));
  }
  try {
    for (const fault of chosen) {
      const times = options.times ?? (options.quick ? 1 : (fault.times ?? DEFAULT_TIMES));
      const progress = (line: string): void => console.log(`  ${line}`);
      outcomes.push(await runFault(fault, times, arena, { seed: options.seed, progress }));
    }
    if (arena.hasBrowser) machine.chromium = (await arena.browser()).version();
  } finally {
    const problem = await arena.close();
    if (problem) problems.push(problem);
  }
  console.log(`\n${[table(outcomes), ...problems].join('\n')}\n`);
  const path = await writeReport({
    startedAt,
    machine,
    options,
    outcomes,
    problems,
  });
  console.log(`All of it: ${path}`);
  const broken = outcomes.some(({ trials }) => trials.some((trial) => trial.problems.length > 0));
  // What a browser leaves behind must not keep the process.
  process.exit(broken || problems.length > 0 ? 1 : 0);
}
