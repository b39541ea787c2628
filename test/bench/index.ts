/** `npm run bench`: see README.md beside this file. */
import { launchChromium } from '../helpers/chromium.js';
import { within } from './deadline.js';
import type { BenchContext } from './figure.js';
import { FIGURES } from './figures.js';
import { describeMachine, loadText, machineText, measureLoad } from './machine.js';
import { help, readOptions, type BenchOptions } from './options.js';
import { writeReport, type Report } from './report.js';
import { table } from './table.js';

await main(process.argv.slice(2));

async function main(args: string[]): Promise<void> {
  try {
    const options = readOptions(args, FIGURES);
    if (options.help) console.log(help(FIGURES));
    else await bench(options);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}

async function bench({ only, seconds, rounds }: BenchOptions): Promise<void> {
  const startedAt = new Date().toISOString();
  const load = await measureLoad();
  const browser = await within(60, 'the start of Chromium', launchChromium());
  try {
    const machine = await describeMachine(browser.version(), load);
    console.log(machineText(machine));
    const figures: Report['figures'] = [];
    const failures: Report['failures'] = [];
    for (const { name, title, method, measure } of FIGURES) {
      if (only.length > 0 && !only.includes(name)) continue;
      const context: BenchContext = {
        browser,
        seconds,
        rounds,
        progress: (line) => console.log(`  ${name} ${line}`),
      };
      console.log(`\n${title}\n${method}`);
      try {
        const { rows } = await measure(context);
        figures.push({ name, title, method, rows });
      } catch (error) {
        failures.push({ name, message: (error as Error).message });
        console.error(`  ${name} failed: ${(error as Error).message}`);
      }
    }
    await browser.close();
    const loadAtEnd = await measureLoad();
    console.log(`\nAfterwards: ${loadText(loadAtEnd)}\n`);
    for (const { name, rows } of figures) console.log(`${table(name, rows)}\n`);
    const path = await writeReport({
      startedAt,
      machine,
      loadAtEnd,
      options: { seconds, rounds },
      figures,
      failures,
    });
    console.log(`All of it: ${path}`);
    if (failures.length > 0) process.exitCode = 1;
  } finally {
    await browser.close();
  }
}
