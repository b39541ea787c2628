/** Units a second: every usual frame rate has a whole number of them a frame. */
export const VIDEO_TIMESCALE = 90_000;

/** Frames a second of a track that says nothing. */
const DEFAULT_RATE = 30;

/** A given duration is believed while it is so near to how frames come. */
const MAX_FACTOR = 2;

/** Where video frames lie, in ticks of {@link VIDEO_TIMESCALE} on the publisher's clock. */
export class VideoTimeline {
  #last: number | undefined;
  #lastDuration: number;
  /** Between the last frames, newest first, ticks. */
  #intervals: [number, number] | undefined;

  /** @param frameRate as the track says */
  constructor(frameRate: number | undefined) {
    this.#lastDuration = Math.max(1, Math.round(VIDEO_TIMESCALE / (frameRate ?? DEFAULT_RATE)));
  }

  /** Where the next frame should be, microseconds; undefined before the first. */
  get expected(): number | undefined {
    return this.#last === undefined ? undefined : toMicroseconds(this.#last + this.#lastDuration);
  }

  /**
   * Takes the next frame at once, without waiting for the one after it.
   * @param timestamp microseconds
   * @param duration microseconds; 0 = unknown
   * @returns retimed when it would not come after the one before
   */
  place(timestamp: number, duration: number): { dts: number; duration: number; retimed: boolean } {
    const wanted = toTicks(timestamp);
    const least = this.#last === undefined ? wanted : this.#last + 1;
    const dts = Math.max(wanted, least);
    if (this.#last !== undefined && dts === wanted) {
      const interval = dts - this.#last;
      this.#intervals = [interval, this.#intervals?.[0] ?? interval];
    }
    // Of the end, so that rounding does not add up.
    const given = duration === 0 ? 0 : toTicks(timestamp + duration) - wanted;
    const ticks = this.#plausible(given) ? given : this.#usual;
    this.#last = dts;
    this.#lastDuration = ticks;
    return { dts, duration: ticks, retimed: dts !== wanted };
  }

  /** The shorter of the last two intervals: a frame that is missing says nothing of the next. */
  get #usual(): number {
    return this.#intervals ? Math.min(...this.#intervals) : this.#lastDuration;
  }

  #plausible(duration: number): boolean {
    if (duration < 1 || duration > VIDEO_TIMESCALE) return false;
    const usual = this.#usual;
    return duration <= usual * MAX_FACTOR && duration >= usual / MAX_FACTOR;
  }
}

const toTicks = (microseconds: number): number => Math.round((microseconds * VIDEO_TIMESCALE) / 1e6);
const toMicroseconds = (ticks: number): number => (ticks * 1e6) / VIDEO_TIMESCALE;
