/** So many answers, about one a second, are judged together. */
const ANSWERS = 10;

/** Least trips of the older and of the newer half that differ by more, ms, show a queue that grows or gets less. */
const LEVEL = 50;

/**
 * What a round trip takes over a path without a queue: what is longer was spent waiting. That is the shortest of a
 * connection, until the path itself becomes longer (another network, a VPN): a queue would grow or get less when less is
 * sent, a path stays as long as it is.
 */
export class PathRoundTrip {
  #shortest = Infinity;
  #recent: number[] = [];

  /** Milliseconds; Infinity until an answer came. */
  get shortest(): number {
    return this.#shortest;
  }

  /**
   * @param roundTrip of an answer, ms
   * @param isSpared less is sent than was, and none of it waits on this side
   */
  answered(roundTrip: number, isSpared: boolean): void {
    this.#shortest = Math.min(this.#shortest, roundTrip);
    if (!isSpared) {
      this.#recent = [];
      return;
    }
    this.#recent.push(roundTrip);
    if (this.#recent.length < ANSWERS) return;
    const older = Math.min(...this.#recent.slice(0, ANSWERS / 2));
    const newer = Math.min(...this.#recent.slice(ANSWERS / 2));
    // One answer that was held up says nothing: the least of each half does.
    if (Math.abs(newer - older) <= LEVEL) this.#shortest = Math.min(older, newer);
    this.#recent.shift();
  }

  /** Another connection. */
  reset(): void {
    this.#shortest = Infinity;
    this.#recent = [];
  }
}
