import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { columns } from '../bench/columns.js';
import type { Machine } from '../bench/machine.js';
import { median } from '../bench/statistics.js';
import type { ChaosOptions } from './options.js';
import type { Trial } from './judgement.js';
import type { Outcome } from './runner.js';

const PATH = fileURLToPath(new URL('../../.cache/chaos.json', import.meta.url));

export interface Report {
  /** ISO 8601. */
  startedAt: string;
  machine: Machine;
  options: Omit<ChaosOptions, 'help'>;
  outcomes: Outcome[];
  /** What is wrong beside the faults. */
  problems: string[];
}

/** What the table says of a fault. */
export interface Summary {
  name: string;
  title: string;
  times: number;
  /** Seconds; undefined: there was nothing to recover. */
  recovery?: { p50: number; max: number };
  /** Undefined: no stream was hit. */
  lost?: number;
  /** Streams that were affected and that were there, of all trials. */
  affected: number;
  others: number;
  problems: string[];
  /** Of those trials of which nothing is known, why. */
  notJudged: string[];
  skipped?: string;
}

export function summarize({ fault, trials, skipped }: Outcome): Summary {
  const { name, title } = fault;
  const recoveries = trials.flatMap(({ recovery }) => (recovery === undefined ? [] : [recovery]));
  const targets = trials.flatMap((trial) => trial.targets);
  const count = (of: (trial: Trial) => readonly unknown[]): number =>
    trials.reduce((sum, trial) => sum + of(trial).length, 0);
  return {
    name,
    title,
    times: trials.length,
    ...(recoveries.length > 0 && { recovery: { p50: median(recoveries), max: Math.max(...recoveries) } }),
    ...(targets.length > 0 && { lost: targets.reduce((sum, { lost }) => sum + lost, 0) }),
    affected: count(({ affected }) => affected),
    others: count(({ others }) => others),
    problems: [...new Set(trials.flatMap(({ problems }) => problems))],
    notJudged: trials.flatMap((trial) => trial.notJudged ?? []),
    ...(skipped !== undefined && { skipped }),
  };
}

/** One line a fault; below those that broke a promise, what it was. Last, how many were not done. */
export function table(outcomes: readonly Outcome[]): string {
  const head = ['fault', 'times', 'recovery p50', 'max', 'samples lost', 'others affected', ''];
  const summaries = outcomes.map(summarize);
  const skipped = summaries.filter((summary) => summary.skipped !== undefined).length;
  const cells = [head, ...summaries.map(line)];
  return columns(cells)
    .flatMap((text, index) => [text, ...(summaries[index - 1]?.problems ?? []).map((each) => `    ${each}`)])
    .concat(skipped > 0 ? [`${skipped} skipped`] : [])
    .join('\n');
}

function line(summary: Summary): string[] {
  const { title, times, recovery, lost, affected, others, problems, notJudged, skipped } = summary;
  if (skipped !== undefined) return [title, '0', '', '', '', '', `skipped: ${skipped}`];
  return [
    title,
    String(times),
    ...(recovery ? [`${recovery.p50.toFixed(2)} s`, `${recovery.max.toFixed(2)} s`] : ['–', '–']),
    lost === undefined ? '–' : String(lost),
    others === 0 ? '(all are hit)' : `${affected} of ${others}`,
    [...(problems.length > 0 ? ['✗'] : []), ...notJudged.map((why) => `not judged: ${why}`)].join(' ') || '✓',
  ];
}

/** Writes it as JSON. Returns the path, from where it was started. */
export async function writeReport({ outcomes, ...report }: Report): Promise<string> {
  const faults = outcomes.map((outcome) => ({
    ...summarize(outcome),
    promises: outcome.fault.promises,
    trials: outcome.trials,
  }));
  await mkdir(dirname(PATH), { recursive: true });
  await writeFile(PATH, `${JSON.stringify({ ...report, faults }, null, 2)}\n`);
  return relative(process.cwd(), PATH);
}
