import type { Target, Verdict } from './target.js';

/** Several targets as one: it has recovered when all have. */
export class Together implements Target {
  /** Those that have not recovered. */
  #missing = new Set<string>();

  constructor(private readonly targets: readonly Target[]) {}

  get name(): string {
    return [...this.#missing].join(', ') || 'all';
  }

  async recovered(encodedFrom: number, seenFrom?: number): Promise<number> {
    this.#missing = new Set(this.targets.map(({ name }) => name));
    const times = this.targets.map(async (target) => {
      const time = await target.recovered(encodedFrom, seenFrom);
      this.#missing.delete(target.name);
      return time;
    });
    return Math.max(...(await Promise.all(times)));
  }

  async settled(patience: number): Promise<Verdict[]> {
    return (await Promise.all(this.targets.map((target) => target.settled(patience)))).flat();
  }

  async close(): Promise<void> {
    await Promise.all(this.targets.map((target) => target.close()));
  }
}
