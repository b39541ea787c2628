/** Between two that are kept, media seconds: clocks drift slowly. */
const INTERVAL = 0.5;

/** That are kept: longer than anybody can look back. */
const MAX_ENTRIES = 120;

interface Entry {
  mediaTime: number;
  /** Milliseconds since the epoch. */
  time: number;
}

/** Which wall clock belongs to which media time, from the stream's own marks (`prft`, ISO/IEC 14496-12 §8.16.5). */
export class CaptureTimes {
  #entries: Entry[] = [];

  /**
   * @param mediaTime on the video element's timeline, seconds
   * @param time milliseconds since the epoch
   */
  add(mediaTime: number, time: number): void {
    const last = this.#entries.at(-1);
    // A response that begins at a key frame tells again what was told; a timeline that goes back begins anew.
    if (last && mediaTime < last.mediaTime) {
      this.#entries = this.#entries.filter((entry) => entry.mediaTime < mediaTime);
    } else if (last && mediaTime - last.mediaTime < INTERVAL) return;
    this.#entries.push({ mediaTime, time });
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift();
  }

  /** When a moment was captured, milliseconds since the epoch; undefined where no mark is before it. */
  at(mediaTime: number): number | undefined {
    const entry = this.#entries.findLast((candidate) => candidate.mediaTime <= mediaTime);
    return entry && entry.time + (mediaTime - entry.mediaTime) * 1000;
  }
}
