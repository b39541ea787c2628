import { setTimeout as delay } from 'node:timers/promises';
import { within } from '../bench/deadline.js';
import type { Arena } from './arena.js';
import type { Fault } from './fault.js';
import { Random } from './random.js';
import type { Target, Verdict } from './target.js';

/** One fault, done once. */
export interface Trial {
  /** From the fault's end to viewers seeing something newer, seconds; undefined: there was nothing to recover. */
  recovery?: number;
  /** Of what it was done to. */
  target?: Verdict;
  others: Verdict[];
  /** Names of those of them that noticed something. */
  affected: string[];
  /** What is not as promised. */
  problems: string[];
}

export interface Outcome {
  fault: Fault;
  trials: Trial[];
  /** Why it was not done. */
  skipped?: string;
}

/** What is still not seen after so long is lost, seconds. */
const SETTLE = 8;

/** Beyond what is promised: late is told from never, seconds. */
const PATIENCE = 15;

/** Longest that a fault itself may take, seconds. */
const LONGEST = 90;

/** Parts that come later than that after their last sample was encoded are late, milliseconds. */
const LATE = 1000;

/** A fault begins at some place in a segment, seconds. */
const SEGMENT = 1;

export interface RunnerOptions {
  seed: number;
  /** The slowest part of the others while nothing was at fault, milliseconds. */
  usual: number;
  progress(line: string): void;
}

/** How slow the parts of the others are while all is well, milliseconds. */
export async function measureUsual(arena: Arena, seconds: number): Promise<number> {
  await settleOthers(arena);
  await delay(seconds * 1000);
  return Math.max(...(await settleOthers(arena)).map(({ slowest }) => slowest));
}

export async function runFault(
  fault: Fault,
  times: number,
  arena: Arena,
  options: RunnerOptions,
): Promise<Outcome> {
  const skipped = await fault.missing?.(arena);
  if (skipped !== undefined) return { fault, trials: [], skipped };
  const trials: Trial[] = [];
  for (let time = 0; time < times; time++) {
    const random = new Random(options.seed + time);
    const trial = await runOnce(fault, arena, random, options);
    trials.push(trial);
    options.progress(`${fault.name} ${time + 1}/${times}: ${describe(trial)}`);
  }
  return { fault, trials };
}

async function runOnce(fault: Fault, arena: Arena, random: Random, { usual }: RunnerOptions): Promise<Trial> {
  const trial: Trial = { others: [], affected: [], problems: [] };
  let target: Target | undefined;
  try {
    target = await fault.prepare(arena);
    await target?.settled(SETTLE);
    await settleOthers(arena);
    await delay(random.next() * SEGMENT * 1000);
    const over = await within(LONGEST, 'the end of the fault', fault.inject(target, arena, random));
    if (target) {
      const patience = (fault.promises.recovers ?? 0) + PATIENCE;
      const at = await within(patience, 'recovery', target.recovered(over));
      trial.recovery = Math.max(0, at - over) / 1000;
      trial.target = await target.settled(SETTLE);
    }
    await arena.release(target);
  } catch (error) {
    trial.problems.push((error as Error).message);
    await arena.discard(target).catch(() => {});
  }
  if (!fault.hitsAll) {
    trial.others = await settleOthers(arena);
    trial.affected = trial.others
      .filter((verdict) => isAffected(verdict, Math.max(LATE, 3 * usual)))
      .map((o) => o.stream);
  } else if (trial.problems.length > 0) await settleOthers(arena);
  trial.problems.push(...brokenPromises(fault, trial));
  return trial;
}

function settleOthers({ others }: Arena): Promise<Verdict[]> {
  return Promise.all(others.map((other) => other.settled(SETTLE)));
}

function isAffected(verdict: Verdict, late: number): boolean {
  return faultsOf(verdict).length > 0 || verdict.slowest > late;
}

function brokenPromises({ promises }: Fault, { recovery, target, affected }: Trial): string[] {
  const { recovers, keepsSamples, seam } = promises;
  const problems: string[] = [];
  if (recovers !== undefined && recovery !== undefined && recovery > recovers) {
    problems.push(`recovered after ${recovery.toFixed(1)} s, and ${recovers} s are promised`);
  }
  if (target) {
    const { lost, altered, repeated, discontinuities, ends, gaps } = target;
    if (keepsSamples && lost > 0) problems.push(`${lost} samples lost`);
    if (altered > 0) problems.push(`${altered} samples altered`);
    if (repeated > 0) problems.push(`${repeated} samples repeated`);
    if (ends > 0) problems.push('viewers saw an end');
    if (gaps > 0) problems.push(`${gaps} gaps without a discontinuity`);
    if (seam === 'none' && discontinuities > 0) problems.push(`${discontinuities} discontinuities`);
  }
  if (affected.length > 0) problems.push(`affected: ${affected.join(', ')}`);
  return problems;
}

/** What is wrong with a stream to which nothing was done, beside lateness. */
function faultsOf({ lost, repeated, altered, discontinuities, ends, gaps }: Verdict): string[] {
  return Object.entries({ lost, repeated, altered, discontinuities, ends, gaps })
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`);
}

function describe({ recovery, target, others, affected, problems }: Trial): string {
  const texts = [
    ...(recovery === undefined ? [] : [`recovered after ${recovery.toFixed(2)} s`]),
    ...(target ? faultsOf(target) : []),
    ...others
      .filter(({ stream }) => affected.includes(stream))
      .map((verdict) =>
        [`${verdict.stream} affected:`, ...faultsOf(verdict), `${Math.round(verdict.slowest)} ms`].join(' '),
      ),
  ];
  return `${texts.join(', ') || 'nothing noticed'}${problems.length > 0 ? ` ✗ ${problems.join('; ')}` : ''}`;
}
