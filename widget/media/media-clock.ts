/** How long one reading holds at least, ms: longer than a busy moment of the machine, short against a clock's drift. */
const WINDOW = 2000;

/**
 * Says when, on one clock for all tracks, something was captured that carries a timestamp of its track's own clock.
 * Those begin anywhere (Chromium's audio, camera and canvas tracks each somewhere else) and drift; arrival times
 * jitter. The shortest way that anything took lately is taken for the way of all.
 */
export class MediaClock {
  /** Arrival less timestamp: the least of the window that runs, and of the one before. */
  #current = Infinity;
  #previous = Infinity;
  #windowEnd = -Infinity;

  /**
   * @param timestamp of the track's own clock, µs
   * @param arrival of the clock of all tracks, µs
   * @returns the time of capture on the clock of all tracks, µs; never later than the arrival
   */
  map(timestamp: number, arrival: number): number {
    if (arrival >= this.#windowEnd) {
      // After a long pause the window before says nothing any more.
      this.#previous = arrival < this.#windowEnd + WINDOW * 1000 ? this.#current : Infinity;
      this.#current = Infinity;
      this.#windowEnd = arrival + WINDOW * 1000;
    }
    this.#current = Math.min(this.#current, arrival - timestamp);
    return timestamp + Math.min(this.#current, this.#previous);
  }

  /** Another source follows, whose timestamps begin elsewhere. */
  reset(): void {
    this.#current = Infinity;
    this.#previous = Infinity;
    this.#windowEnd = -Infinity;
  }
}
