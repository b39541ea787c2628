import { setTimeout as delay } from 'node:timers/promises';
import { within } from '../bench/deadline.js';
import type { Arena } from './arena.js';
import type { Fault } from './fault.js';
import { damage, describe, judge, judgeLater, type Trial } from './judgement.js';
import { Random } from './random.js';
import type { Span } from './span.js';
import type { Target, Verdict } from './target.js';

export interface Outcome {
  fault: Fault;
  trials: Trial[];
  /** Why it was not done. */
  skipped?: string;
}

/** How long is waited for what, seconds. */
export interface Waits {
  /** What is still not seen after so long is lost. */
  settle: number;
  /** Beyond what is promised: late is told from never. */
  recovery: number;
  /** Longest that a fault itself may take. */
  fault: number;
  /** Until there is what it is done to. */
  prepare: number;
  /** A fault begins at some place in a segment. */
  segment: number;
}

const WAITS: Waits = { settle: 8, recovery: 15, fault: 90, prepare: 90, segment: 1 };

/** What a stream that is asked how it is takes for that beside its patience at most, seconds: a page may not answer at all. */
const ASKING = 10;

/** How often a fault is done for one trial, where the machine is too busy to tell anything. */
const ATTEMPTS = 3;

export interface RunnerOptions {
  seed: number;
  progress(line: string): void;
  waits?: Partial<Waits>;
}

/** Does faults one after another, and has an eye on what each leaves behind. */
export class FaultRunner {
  readonly #arena: Arena;
  readonly #options: RunnerOptions;
  readonly #waits: Waits;
  /** What was done last: whatever shows before anything else is done is its doing. */
  #last: { fault: Fault; trial: Trial } | undefined;
  /** Names of the streams that were looked at: what a new one has until then is its start. */
  readonly #known: Set<string>;

  constructor(arena: Arena, options: RunnerOptions) {
    this.#arena = arena;
    this.#options = options;
    this.#waits = { ...WAITS, ...options.waits };
    this.#known = new Set(arena.others.map(({ name }) => name));
  }

  async run(fault: Fault, times: number): Promise<Outcome> {
    const skipped = await fault.missing?.(this.#arena);
    if (skipped !== undefined) return { fault, trials: [], skipped };
    const trials: Trial[] = [];
    for (let time = 0; time < times; time++) {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        const trial = await this.#runOnce(fault, new Random(this.#options.seed + time));
        this.#options.progress(`${fault.name} ${time + 1}/${times}: ${describe(trial)}`);
        // What is broken however slow the machine is stays so.
        if (trial.notJudged !== undefined && trial.problems.length === 0 && attempt < ATTEMPTS) continue;
        trials.push(trial);
        break;
      }
    }
    return { fault, trials };
  }

  /** Looks for what the last fault left behind. @returns what is wrong with it */
  async lastLook(): Promise<string[]> {
    const { others, kept } = this.#arena;
    try {
      return this.#judgeLater(await this.#settle([...others, ...kept]));
    } catch (error) {
      this.#last?.trial.problems.push((error as Error).message);
      return [(error as Error).message];
    }
  }

  async #runOnce(fault: Fault, random: Random): Promise<Trial> {
    const arena = this.#arena;
    const trial: Trial = { targets: [], others: [], usual: 0, affected: [], problems: [] };
    let target: Target | undefined;
    try {
      target = await within(this.#waits.prepare, 'what the fault is done to', fault.prepare(arena));
      const looks = await this.#settle(target ? [target, ...arena.others] : arena.others);
      const before = looks.filter(({ stream }) => this.#known.has(stream));
      for (const { stream } of looks) this.#known.add(stream);
      await this.#settle([arena.control]);
      if (this.#last) this.#judgeLater(before);
      else trial.problems.push(...before.flatMap(damage).map((each) => `before it, ${each}`));
      await delay(random.next() * this.#waits.segment * 1000);
      this.#last = { fault, trial };
      const injected = fault.inject(target, arena, random);
      const span = await within(this.#waits.fault, 'the end of the fault', injected);
      if (target) {
        trial.recovery = await this.#recovery(target, span, fault.promises.recovers ?? 0);
        trial.targets = await this.#settle([target]);
      }
      await arena.release(target);
    } catch (error) {
      trial.problems.push((error as Error).message);
      await arena.discard(target).catch((broken: Error) => trial.problems.push(broken.message));
    }
    trial.others = await this.#settle(arena.others);
    judge(trial, fault, await this.#settle([arena.control]));
    return trial;
  }

  #judgeLater(later: readonly Verdict[]): string[] {
    if (!this.#last) return [];
    const { fault, trial } = this.#last;
    const problems = judgeLater(trial, fault, later);
    if (problems.length > 0) this.#options.progress(`${fault.name}: ✗ ${problems.join('; ')}`);
    return problems;
  }

  async #settle(targets: readonly Target[]): Promise<Verdict[]> {
    const { settle } = this.#waits;
    const verdicts = Promise.all(targets.map((target) => target.settled(settle)));
    return (await within(settle + ASKING, 'a look at the streams', verdicts)).flat();
  }

  /**
   * From the fault's end to viewers seeing something of after its beginning. What was on its way before it began may have been
   * seen while it lasted, and what was waiting when it ended says nothing of what follows: something of after its end is to be
   * seen, too.
   * @returns seconds
   */
  async #recovery(target: Target, { from, to }: Span, promised: number): Promise<number> {
    const patience = promised + this.#waits.recovery;
    const recovered = target.recovered(from, to).then(async (at) => {
      await target.recovered(to, to);
      return at;
    });
    try {
      return ((await within(patience, 'recovery', recovered)) - to) / 1000;
    } catch (error) {
      // It may be rejected when nobody waits for it any more.
      recovered.catch(() => {});
      throw new Error(`${target.name}: ${(error as Error).message}`, { cause: error });
    }
  }
}
