import type { Fault, Promises } from './fault.js';
import type { Verdict } from './target.js';

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
  /** Why nothing is known of what takes time; the fault is done again then. */
  notJudged?: string;
}

/** Parts that come later than that after their last sample was encoded are late, milliseconds. */
const LATE = 1000;

/** What also a stream on another server suffers is not the fault's doing. */
const LATER_THAN_USUAL = 3;

/** Where the other server's stream is later than that, milliseconds, it is not known whose doing anything is. */
const MOST_USUAL = 1500;

/** Fills in what a trial comes to. @param control what became of the stream on the other server */
export function judge(trial: Trial, { promises, hitsAll }: Fault, control: readonly Verdict[]): void {
  trial.usual = Math.max(0, ...control.map(({ slowest }) => slowest));
  const damage = control.flatMap(faultsOf);
  if (damage.length > 0) trial.notJudged = `a stream on another server: ${damage.join(', ')}`;
  if (trial.usual > MOST_USUAL) trial.notJudged = `this machine was ${Math.round(trial.usual)} ms late`;
  // Of all streams nothing but the promises is asked, here and of those that were looked at a little longer.
  const hit = hitsAll ? [...trial.targets, ...trial.others] : trial.targets;
  if (hitsAll) trial.others = [];
  const late = trial.notJudged === undefined ? Math.max(LATE, LATER_THAN_USUAL * trial.usual) : Infinity;
  trial.affected = trial.others
    .filter((verdict) => faultsOf(verdict).length > 0 || verdict.slowest > late)
    .map(({ stream }) => stream);
  const { recovers } = promises;
  const { recovery } = trial;
  const isTimed = trial.notJudged === undefined && recovers !== undefined && recovery !== undefined;
  if (isTimed && recovery - trial.usual / 1000 > recovers) {
    trial.problems.push(`recovered after ${recovery.toFixed(1)} s, and ${recovers} s are promised`);
  }
  trial.problems.push(...hit.flatMap((verdict) => breaches(promises, verdict, trial)));
  if (trial.affected.length > 0) trial.problems.push(`affected: ${trial.affected.join(', ')}`);
}

/** What became of streams after a trial was over, and before the next one: its doing, too. @returns what is wrong */
export function judgeLater(trial: Trial, { promises, hitsAll }: Fault, later: readonly Verdict[]): string[] {
  const hit = new Set(trial.targets.map(({ stream }) => stream));
  const found = later.flatMap((verdict) =>
    hitsAll || hit.has(verdict.stream) ? breaches(promises, verdict, trial) : damage(verdict),
  );
  const problems = found.map((each) => `later, ${each}`);
  const harmed = later.filter((verdict) => faultsOf(verdict).length > 0).map(({ stream }) => stream);
  const others = trial.others.filter(({ stream }) => harmed.includes(stream)).map(({ stream }) => stream);
  trial.affected = [...new Set([...trial.affected, ...others])];
  trial.problems.push(...problems);
  return problems;
}

/** What a stream that was hit may not notice. */
function breaches(promises: Promises, verdict: Verdict, { notJudged }: Trial): string[] {
  const { keepsSamples, seam, repeats = false, reloads: mayReload = false } = promises;
  const { stream, kind, lost, altered, repeated, discontinuities, ends, gaps, reloads = 0 } = verdict;
  const isKept = keepsSamples === 'all' || keepsSamples === kind;
  return listed(stream, [
    ...(isKept && lost > 0 ? [`${lost} samples lost`] : []),
    ...(altered > 0 ? [`${altered} samples altered`] : []),
    ...(!repeats && repeated > 0 ? [`${repeated} samples repeated`] : []),
    ...(ends > 0 ? ['viewers saw an end'] : []),
    ...(gaps > 0 ? [`${gaps} gaps without a discontinuity`] : []),
    // A player that has to wait for long gives up what it has, too.
    ...(seam === 'none' && !mayReload && reloads > 0 && notJudged === undefined
      ? [`the player loaded anew ${reloads} times`]
      : []),
    ...(seam === 'none' && discontinuities > 0 ? [`${discontinuities} discontinuities`] : []),
  ]);
}

/** What is wrong with a stream to which nothing was done, beside lateness. */
function faultsOf({ lost, repeated, altered, discontinuities, ends, gaps }: Verdict): string[] {
  return Object.entries({ lost, repeated, altered, discontinuities, ends, gaps })
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`);
}

/** The same with its name, as one text; none where it noticed nothing. */
export function damage(verdict: Verdict): string[] {
  return listed(verdict.stream, faultsOf(verdict));
}

/** A trial in a line. */
export function describe({ recovery, targets, others, usual, affected, problems, notJudged }: Trial): string {
  const hit = others.filter(({ stream }) => affected.includes(stream));
  const texts = [
    ...(recovery === undefined ? [] : [`recovered after ${recovery.toFixed(2)} s`]),
    ...targets.flatMap(damage),
    ...hit.map((verdict) => `${verdict.stream} was ${Math.round(verdict.slowest)} ms late`),
    ...hit.flatMap(damage),
    `${Math.round(usual)} ms elsewhere`,
    ...(notJudged === undefined ? [] : [`not judged: ${notJudged}`]),
  ];
  const mark = problems.length > 0 ? '✗' : notJudged === undefined ? '✓' : '?';
  return `${mark} ${[...texts, ...problems].join('; ')}`;
}

function listed(stream: string, faults: readonly string[]): string[] {
  return faults.length > 0 ? [`${stream}: ${faults.join(', ')}`] : [];
}
