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
  /** Milliseconds; Infinity until an answer came. */
  shortest = Infinity;
  #recent: number[] = [];

  /**
   * @param roundTrip of an answer, ms
   * @param isSpared less is sent than was, and none of it waits on this side
   */
  answered(roundTrip: number, isSpared: boolean): void {
    this.shortest = Math.min(this.shortest, roundTrip);
    this.#recent = isSpared ? [...this.#recent, roundTrip].slice(-ANSWERS) : [];
    if (this.#recent.length < ANSWERS) return;
    // One answer that was held up says nothing: the least of each half does.
    const older = Math.min(...this.#recent.slice(0, ANSWERS / 2));
    const newer = Math.min(...this.#recent.slice(ANSWERS / 2));
    if (Math.abs(newer - older) <= LEVEL) this.shortest = Math.min(older, newer);
  }
}
