/** `npm run bench`: see README.md beside this file. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { launchChromium } from '../helpers/chromium.js';
import { within } from './deadline.js';
import type { BenchContext } from './figure.js';
import { FIGURES } from './figures.js';
import { describeMachine, loadText, machineText, measureLoad } from './machine.js';
import { goalTable } from './goals.js';
import { help, readOptions, type BenchOptions } from './options.js';
import { writeReport, type Report } from './report.js';
import { ROADS } from './roads.js';
import { table } from './table.js';

const PROFILES = fileURLToPath(new URL('../../.cache/profiles/', import.meta.url));

await main(process.argv.slice(2));

async function main(args: string[]): Promise<void> {
  try {
    const roads = Object.keys(ROADS);
    const { help: asksForHelp, ...options } = readOptions(args, FIGURES, roads);
    if (asksForHelp) console.log(help(FIGURES, roads));
    else await bench(options);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}

async function bench(options: Omit<BenchOptions, 'help'>): Promise<void> {
  const startedAt = new Date().toISOString();
  const machine = await describeMachine(await measureLoad());
  console.log(machineText(machine));
  let browser: Promise<Browser> | undefined;
  const figures: Report['figures'] = [];
  const failures: Report['failures'] = [];
  try {
    for (const { name, title, method, goals, measure } of FIGURES) {
      if (options.only.length > 0 && !options.only.includes(name)) continue;
      const context: BenchContext = {
        ...options,
        profiles: options.profile ? join(PROFILES, name) : undefined,
        browser: () => (browser ??= within(60, 'the start of Chromium', launchChromium())),
        progress: (line) => console.log(`  ${name} ${line}`),
      };
      console.log(`\n${title}\n${method}`);
      try {
        figures.push({ name, title, method, goals, ...(await measure(context)) });
      } catch (error) {
        failures.push({ name, message: (error as Error).message });
        console.error(`  ${name} failed: ${(error as Error).message}`);
      }
    }
    if (browser) machine.chromium = (await browser).version();
  } finally {
    await (await browser)?.close();
  }
  const loadAtEnd = await measureLoad();
  console.log(`\nAfterwards: ${loadText(loadAtEnd)}\n`);
  for (const { name, ...result } of figures) console.log(`${table(name, result)}\n`);
  if (figures.length > 0) console.log(`${goalTable(figures)}\n`);
  const path = await writeReport({ startedAt, machine, loadAtEnd, options, figures, failures });
  console.log(`All of it: ${path}`);
  if (failures.length > 0) process.exitCode = 1;
}
