/** The sound may be so far from its timestamps before anything is done, seconds. */
const CORRECT_FROM = 0.01;
/** … and once something is done, until it is so near again. */
const CORRECT_TO = 0.002;

/** The most that one frame is moved: Chromium takes an overlap below 1 ms for rounding, seconds. */
const STEP = 0.0005;

/** A deviation of more than this is no drift but a gap, or sound that comes twice, seconds. */
const MAX_DRIFT = 0.04;
/** … at once where it is more than this, else when so many frames in a row agree. */
const SURE_GAP = 0.25;
const FRAMES_TO_AGREE = 3;

/** How fast the measured deviation follows: timestamps jitter. */
const SMOOTHING = 0.1;

/**
 * Where audio frames lie, in samples on the publisher's clock. Frames follow each other without a gap or overlap, whatever
 * the jitter of their timestamps; where the sound card's clock drifts away from the clock of the timestamps they are moved
 * in steps that nobody hears, so that sound and picture stay together.
 */
export class AudioTimeline {
  #next: number | undefined;
  /** Smoothed, samples. */
  #deviation = 0;
  #correcting = false;
  #disagreeing = 0;

  /** @param timescale samples a second */
  constructor(private readonly timescale: number) {}

  /** Where the next frame should be, microseconds; undefined before the first. */
  get expected(): number | undefined {
    return this.#next === undefined ? undefined : (this.#next * 1e6) / this.timescale;
  }

  /**
   * Takes the next frame.
   * @param timestamp microseconds
   * @param length samples
   * @returns its decode time in samples; undefined where it lies before what is there already, and must be left out
   */
  place(timestamp: number, length: number): number | undefined {
    const { timescale } = this;
    const wanted = Math.round((timestamp * timescale) / 1e6);
    if (this.#next === undefined) return this.#put(wanted, length);
    const deviation = wanted - this.#next;
    if (Math.abs(deviation) > MAX_DRIFT * timescale) {
      this.#disagreeing++;
      const sure = Math.abs(deviation) > SURE_GAP * timescale || this.#disagreeing >= FRAMES_TO_AGREE;
      if (sure && deviation > 0) return this.#put(wanted, length);
      if (sure) return undefined;
      return this.#put(this.#next, length, this.#disagreeing);
    }
    return this.#put(this.#next + this.#correction(deviation), length);
  }

  /** Samples by which the next frame is moved. */
  #correction(deviation: number): number {
    const { timescale } = this;
    this.#deviation += (deviation - this.#deviation) * SMOOTHING;
    const far = Math.abs(this.#deviation);
    if (far > CORRECT_FROM * timescale) this.#correcting = true;
    if (far < CORRECT_TO * timescale) this.#correcting = false;
    if (!this.#correcting) return 0;
    const step = Math.sign(this.#deviation) * Math.floor(STEP * timescale);
    this.#deviation -= step;
    return step;
  }

  #put(dts: number, length: number, disagreeing = 0): number {
    if (this.#next === undefined || Math.abs(dts - this.#next) > STEP * this.timescale) {
      this.#deviation = 0;
      this.#correcting = false;
    }
    this.#disagreeing = disagreeing;
    this.#next = dts + length;
    return dts;
  }
}
