/** Counts what each of many takes of one turn of the event loop. */
export class Turns<Taker extends object> {
  /** By who took it, in this turn. */
  #taken = new Map<Taker, number>();
  #waiting: (() => void)[] = [];
  #isOver = true;

  /** @param share what each may take of a turn, of any measure */
  constructor(private readonly share: number) {}

  /** @returns whether its share is taken, which is said once in a turn */
  take(taker: Taker, amount: number): boolean {
    const before = this.#taken.get(taker) ?? 0;
    this.#taken.set(taker, before + amount);
    this.#begin();
    return before < this.share && before + amount >= this.share;
  }

  /** Calls back when everybody else had a turn. */
  onNext(callback: () => void): void {
    this.#waiting.push(callback);
    this.#begin();
  }

  #begin(): void {
    if (!this.#isOver) return;
    this.#isOver = false;
    setImmediate(() => this.#next());
  }

  #next(): void {
    this.#isOver = true;
    this.#taken.clear();
    for (const callback of this.#waiting.splice(0)) callback();
  }
}
