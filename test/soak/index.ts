/** `npm run soak`: see README.md beside this file. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describeMachine, machineText, measureLoad } from '../bench/machine.js';
import { Cast } from './cast.js';
import { courseOf, MEASURES, table, type MeasureName, type Sample } from './measures.js';
import { HELP, readOptions, type SoakOptions } from './options.js';
import { probe, type Losses } from './probe.js';

const PATH = fileURLToPath(new URL('../../.cache/soak.json', import.meta.url));

/** How often it is looked at most, and at least, seconds. Between two looks viewers leave and come. */
const INTERVAL = { least: 2.5, most: 60 };

/** Looks in a run. */
const LOOKS = 60;

/** Lines of progress in a run. */
const LINES = 10;

await main(process.argv.slice(2));

async function main(args: string[]): Promise<void> {
  try {
    const options = readOptions(args);
    // What a viewer leaves behind must not keep the process.
    if (options) process.exit((await soak(options)) ? 0 : 1);
    console.log(HELP);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}

/** @returns whether all is as it should be */
async function soak(options: SoakOptions): Promise<boolean> {
  const startedAt = new Date().toISOString();
  const machine = await describeMachine(await measureLoad());
  console.log(machineText(machine));
  const { minutes, streams, viewers } = options;
  console.log(`${streams} streams, ${viewers} viewers, ${minutes} minutes`);
  const samples: Sample[] = [];
  const losses: Losses = { lost: 0, altered: 0, repeated: 0 };
  const problems: string[] = [];
  const cast = await Cast.assemble(options);
  try {
    await watch(cast, minutes, samples, losses);
    await cast.leave();
  } catch (error) {
    problems.push((error as Error).message);
  } finally {
    await cast.dismiss();
  }
  const names = Object.keys(MEASURES) as MeasureName[];
  const courses = samples.length > 1 ? names.map((name) => courseOf(name, samples)) : [];
  for (const [what, count] of Object.entries(losses))
    if (count > 0) problems.push(`${count} samples ${what}`);
  const isFlat = courses.length > 0 && courses.every((course) => course.isFlat);
  console.log(`\n${table(courses)}\n`);
  console.log(`Samples lost ${losses.lost}, altered ${losses.altered}, repeated ${losses.repeated}`);
  for (const problem of problems) console.log(`✗ ${problem}`);
  await mkdir(dirname(PATH), { recursive: true });
  const report = { startedAt, machine, options, courses, losses, problems, samples };
  await writeFile(PATH, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`All of it: ${relative(process.cwd(), PATH)}`);
  return isFlat && problems.length === 0;
}

async function watch(cast: Cast, minutes: number, samples: Sample[], losses: Losses): Promise<void> {
  const start = performance.now();
  const seconds = minutes * 60;
  const interval = Math.min(INTERVAL.most, Math.max(INTERVAL.least, seconds / LOOKS));
  const looks = Math.floor(seconds / interval);
  // On a busy machine viewers take longer to come than there is time between two looks.
  for (let look = 1; look <= looks && performance.now() - start < seconds * 1000; look++) {
    await cast.change();
    const due = start + look * interval * 1000;
    if (due > performance.now()) await delay(due - performance.now());
    const sample = await probe(cast, losses, start);
    samples.push(sample);
    if (look % Math.ceil(looks / LINES) === 0) console.log(`  ${describe(sample)}`);
  }
}

function describe({ minute, values }: Sample): string {
  const { held, resident, openFiles, transcoders, delayP50, delayP95 } = values;
  return [
    `${minute.toFixed(1)} min: held ${held.toFixed(1)} MB`,
    `resident ${resident.toFixed(0)} MB`,
    `${openFiles} open files`,
    `${transcoders} ffmpeg`,
    `part delay p50 ${delayP50.toFixed(0)} ms, p95 ${delayP95.toFixed(0)} ms`,
  ].join(', ');
}
