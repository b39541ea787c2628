/** `npm run soak`: see README.md beside this file. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { within } from '../bench/deadline.js';
import { describeMachine, machineText, measureLoad } from '../bench/machine.js';
import { Cast } from './cast.js';
import { courseOf, MEASURES, table, type MeasureName, type Sample } from './measures.js';
import { HELP, readOptions, type SoakOptions } from './options.js';
import { noLosses, probe, type Losses } from './probe.js';

const PATH = fileURLToPath(new URL('../../.cache/soak.json', import.meta.url));

/** How often it is looked at most, and at least, seconds. Between two looks viewers leave and come. */
const INTERVAL = { least: 2.5, most: 60 };

/** Looks in a run. */
const LOOKS = 60;

/** Lines of progress in a run. */
const LINES = 20;

/** Longest that everybody takes to leave, seconds. */
const DISMISSAL = 20;

const LOSSES: Record<keyof Losses, string> = {
  lost: 'samples lost',
  altered: 'altered',
  repeated: 'repeated',
  discontinuities: 'discontinuities',
  ends: 'ends',
  gaps: 'gaps',
};

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
  const losses = noLosses();
  const problems: string[] = [];
  const note = (error: Error): void => void problems.push(error.message);
  const assembling = Cast.assemble(options);
  const watching = assembling.then(async (cast) => {
    await watch(cast, minutes, samples, losses);
    await cast.leave();
  });
  await Promise.race([watching, interrupted()]).catch(note);
  // Where it was not assembled, that is the problem.
  const cast = await assembling.catch(() => undefined);
  if (cast) await within(DISMISSAL, 'the end of all of them', cast.dismiss()).catch(note);
  const names = Object.keys(MEASURES) as MeasureName[];
  const courses = samples.length > 1 ? names.map((name) => courseOf(name, samples)) : [];
  if (courses.length === 0) problems.push('it was not looked at often enough to tell whether anything grows');
  const lost = Object.entries(losses).map(([what, count]) => `${count} ${LOSSES[what as keyof Losses]}`);
  if (Object.values(losses).some((count) => count > 0))
    problems.push('what viewers got is not what was encoded');
  console.log(`\n${table(courses)}\n`);
  console.log(lost.join(', '));
  for (const problem of problems) console.log(`✗ ${problem}`);
  await mkdir(dirname(PATH), { recursive: true });
  const report = { startedAt, machine, options, courses, losses, problems, samples };
  await writeFile(PATH, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`All of it: ${relative(process.cwd(), PATH)}`);
  return courses.every((course) => course.isFlat) && problems.length === 0;
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

/** @throws Error when it is told to end: what was seen until then is told all the same */
function interrupted(): Promise<never> {
  return new Promise((_resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => reject(new Error(`${signal}: it ended before its time`)));
    }
  });
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
