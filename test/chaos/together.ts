import type { Target, Verdict } from './target.js';

/** Several targets as one: it has recovered when all have. */
export class Together implements Target {
  readonly name = 'all';

  constructor(private readonly targets: readonly Target[]) {}

  async recovered(since: number): Promise<number> {
    return Math.max(...(await Promise.all(this.targets.map((target) => target.recovered(since)))));
  }

  async settled(patience: number): Promise<Verdict[]> {
    return (await Promise.all(this.targets.map((target) => target.settled(patience)))).flat();
  }

  async close(): Promise<void> {
    await Promise.all(this.targets.map((target) => target.close()));
  }
}
