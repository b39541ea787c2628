import { setTimeout as delay } from 'node:timers/promises';
import { within } from '../bench/deadline.js';
import type { Arena } from './arena.js';
import type { Fault } from './fault.js';
import type { Span } from './span.js';
import { Random } from './random.js';
import type { Target, Verdict } from './target.js';

/** One fault, done once. */
export interface Trial {
  /** See `Promises.recovers`. Undefined: there was nothing to recover. */
  recovery?: number;
  /** Of the streams to which it was done; none where it was done to the server alone. */
  targets: Verdict[];
  others: Verdict[];
  /** The slowest part on another server meanwhile, milliseconds: how late this machine makes things. */
  usual: number;
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

/** What also a stream on another server suffers is not the fault's doing. */
const LATER_THAN_USUAL = 3;

/** A fault begins at some place in a segment, seconds. */
const SEGMENT = 1;

export interface RunnerOptions {
  seed: number;
  progress(line: string): void;
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
    const trial = await runOnce(fault, arena, random);
    trials.push(trial);
    options.progress(`${fault.name} ${time + 1}/${times}: ${describe(trial)}`);
  }
  return { fault, trials };
}

async function runOnce(fault: Fault, arena: Arena, random: Random): Promise<Trial> {
  const trial: Trial = { targets: [], others: [], usual: 0, affected: [], problems: [] };
  let target: Target | undefined;
  try {
    target = await fault.prepare(arena);
    await target?.settled(SETTLE);
    await Promise.all([settle(arena.others), arena.control.settled(SETTLE)]);
    await delay(random.next() * SEGMENT * 1000);
    const span = await within(LONGEST, 'the end of the fault', fault.inject(target, arena, random));
    if (target) {
      trial.recovery = await recoveryOf(target, span, (fault.promises.recovers ?? 0) + PATIENCE);
      trial.targets = await target.settled(SETTLE);
    }
    await arena.release(target);
  } catch (error) {
    trial.problems.push((error as Error).message);
    await arena.discard(target).catch(() => {});
  }
  const others = await settle(arena.others);
  trial.usual = Math.max(...(await arena.control.settled(SETTLE)).map(({ slowest }) => slowest));
  if (!fault.hitsAll) {
    trial.others = others;
    const late = Math.max(LATE, LATER_THAN_USUAL * trial.usual);
    trial.affected = others.filter((verdict) => isAffected(verdict, late)).map(({ stream }) => stream);
  }
  trial.problems.push(...brokenPromises(fault, trial));
  return trial;
}

async function settle(targets: readonly Target[]): Promise<Verdict[]> {
  return (await Promise.all(targets.map((target) => target.settled(SETTLE)))).flat();
}

/** @returns seconds */
async function recoveryOf(target: Target, { from, to }: Span, patience: number): Promise<number> {
  const recovered = target.recovered(from);
  try {
    const at = await within(patience, 'recovery', recovered);
    return Math.max(0, at - to) / 1000;
  } catch (error) {
    // It may be rejected when nobody waits for it any more.
    recovered.catch(() => {});
    throw new Error(`${target.name}: ${(error as Error).message}`, { cause: error });
  }
}

function isAffected(verdict: Verdict, late: number): boolean {
  return faultsOf(verdict).length > 0 || verdict.slowest > late;
}

function brokenPromises({ promises }: Fault, { recovery, targets, usual, affected }: Trial): string[] {
  const { recovers, keepsSamples, seam, repeats = false } = promises;
  const problems: string[] = [];
  if (recovers !== undefined && recovery !== undefined && recovery - usual / 1000 > recovers) {
    problems.push(`recovered after ${recovery.toFixed(1)} s, and ${recovers} s are promised`);
  }
  for (const { stream, kind, lost, altered, repeated, discontinuities, ends, gaps } of targets) {
    const found = [
      ...((keepsSamples === 'all' || keepsSamples === kind) && lost > 0 ? [`${lost} samples lost`] : []),
      ...(altered > 0 ? [`${altered} samples altered`] : []),
      ...(!repeats && repeated > 0 ? [`${repeated} samples repeated`] : []),
      ...(ends > 0 ? ['viewers saw an end'] : []),
      ...(gaps > 0 ? [`${gaps} gaps without a discontinuity`] : []),
      ...(seam === 'none' && discontinuities > 0 ? [`${discontinuities} discontinuities`] : []),
    ];
    if (found.length > 0) problems.push(`${stream}: ${found.join(', ')}`);
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

function describe({ recovery, targets, others, usual, affected, problems }: Trial): string {
  const hit = others.filter(({ stream }) => affected.includes(stream));
  const texts = [
    ...(recovery === undefined ? [] : [`recovered after ${recovery.toFixed(2)} s`]),
    ...targets.flatMap((verdict) => listed(verdict.stream, faultsOf(verdict))),
    ...hit.map((verdict) => `${verdict.stream} was ${Math.round(verdict.slowest)} ms late`),
    ...hit.flatMap((verdict) => listed(verdict.stream, faultsOf(verdict))),
    `${Math.round(usual)} ms elsewhere`,
  ];
  return `${problems.length > 0 ? '✗' : '✓'} ${[...texts, ...problems].join('; ')}`;
}

function listed(stream: string, faults: readonly string[]): string[] {
  return faults.length > 0 ? [`${stream}: ${faults.join(', ')}`] : [];
}
