/** `npm run fuzz`: see README.md beside this file. */
import { help, readOptions } from './options.js';
import { fuzz } from './run.js';
import { TARGETS } from './targets.js';

await main(process.argv.slice(2));

async function main(args: string[]): Promise<void> {
  try {
    const { only, help: asksForHelp, ...run } = readOptions(args, TARGETS);
    if (asksForHelp) {
      console.log(help(TARGETS));
      return;
    }
    console.log(`Seed ${run.seed}`);
    for (const target of TARGETS) {
      if (only.length > 0 && !only.includes(target.name)) continue;
      const startedAt = performance.now();
      const { cases, failure } = await fuzz(target, run).catch((error: Error) => ({
        cases: 0,
        failure: `it did not begin: ${error.stack ?? error.message}`,
      }));
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      console.log(`${failure ? '✗' : '✓'} ${target.name}: ${cases} cases in ${seconds} s (${target.title})`);
      if (failure) console.error(failure);
      if (failure) process.exitCode = 1;
    }
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
