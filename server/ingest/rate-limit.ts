/** A token bucket on a clock that never goes back: so much a second on average, and a burst of some seconds' worth at once. */
export class RateLimit {
  #tokens: number;
  #last: number;

  /**
   * @param rate units a second
   * @param burst seconds' worth that may come at once
   */
  constructor(
    private readonly rate: number,
    private readonly burst: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#tokens = rate * burst;
    this.#last = now();
  }

  /** Takes units, or says that there are not enough. */
  take(units: number): boolean {
    const time = this.now();
    const filled = Math.min(this.rate * this.burst, this.#tokens + ((time - this.#last) / 1000) * this.rate);
    this.#tokens = Math.max(this.#tokens, filled);
    this.#last = time;
    if (units > this.#tokens) return false;
    this.#tokens -= units;
    return true;
  }

  /** Saves up for a time all that is allowed in it, more than a burst too. @param seconds that end now */
  grant(seconds: number): void {
    this.#tokens += seconds * this.rate;
    this.#last = this.now();
  }
}
