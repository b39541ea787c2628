/** How long one reading holds at least, ms: longer than a busy moment of the machine, short against a clock's drift. */
const WINDOW = 2000;

/**
 * After a pause that is longer, ms: where the machine was busy, what waited comes within this time, and belongs where it was captured.
 * Where the source had stopped, its timestamps go with another time from then on.
 */
const BACKLOG = 200;

/** A track's clock does not go back, but for jitter, µs: where it does, what follows is of another one. */
const BACK = 20_000;

/**
 * Says when, on one clock for all tracks, something was captured that carries a timestamp of its track's own clock.
 * Those begin anywhere (Chromium's audio, camera and canvas tracks each somewhere else; what Web Audio gives even once more
 * after its first data, seconds before that) and drift; arrival times jitter. The shortest way that anything took lately is
 * taken for the way of all.
 */
export class MediaClock {
  /** Arrival less timestamp: the least of the window that runs, and of the one before. */
  #current = Infinity;
  #previous = Infinity;
  #windowEnd = -Infinity;
  /** Until when the window before is believed. */
  #believedUntil = Infinity;
  #newest = -Infinity;

  /**
   * @param timestamp of the track's own clock, µs
   * @param arrival of the clock of all tracks, µs
   * @returns the time of capture on the clock of all tracks, µs; never later than the arrival
   */
  map(timestamp: number, arrival: number): number {
    if (timestamp < this.#newest - BACK) this.#forget();
    this.#newest = timestamp;
    if (arrival >= this.#windowEnd) {
      const isPause = arrival >= this.#windowEnd + WINDOW * 1000;
      this.#believedUntil = isPause ? arrival + BACKLOG * 1000 : Infinity;
      this.#previous = this.#current;
      this.#current = Infinity;
      this.#windowEnd = arrival + WINDOW * 1000;
    }
    if (arrival >= this.#believedUntil) this.#previous = Infinity;
    this.#current = Math.min(this.#current, arrival - timestamp);
    return timestamp + Math.min(this.#current, this.#previous);
  }

  #forget(): void {
    this.#current = this.#previous = this.#believedUntil = Infinity;
    this.#windowEnd = -Infinity;
  }
}
