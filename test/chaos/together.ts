import type { Target, Verdict } from './target.js';

/** Several targets as one: it has recovered when all have. */
export class Together implements Target {
  readonly name = 'all';

  constructor(private readonly targets: readonly Target[]) {}

  async recovered(since: number): Promise<number> {
    return Math.max(...(await Promise.all(this.targets.map((target) => target.recovered(since)))));
  }

  async settled(patience: number): Promise<Verdict> {
    const verdicts = await Promise.all(this.targets.map((target) => target.settled(patience)));
    const sum = (of: (verdict: Verdict) => number): number =>
      verdicts.reduce((total, verdict) => total + of(verdict), 0);
    return {
      stream: this.name,
      lost: sum(({ lost }) => lost),
      repeated: sum(({ repeated }) => repeated),
      altered: sum(({ altered }) => altered),
      discontinuities: sum(({ discontinuities }) => discontinuities),
      ends: sum(({ ends }) => ends),
      gaps: sum(({ gaps }) => gaps),
      slowest: Math.max(...verdicts.map(({ slowest }) => slowest)),
    };
  }

  /** They go on. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}
