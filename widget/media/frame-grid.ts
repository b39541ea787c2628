/**
 * How far from its place on the grid a frame may be, in frames. Less than one, or a steady source could slip by a
 * whole frame; more than half, so that a camera whose frames jitter by half of one is neither doubled nor thinned out.
 */
const TOLERANCE = 0.75;

/** How far a source that counts frames itself may be off the clock, in frames: beyond it sound and picture would part. */
const FAR_OFF = 1.5;

/** Longest hole that is filled by repeating, in seconds: after a longer one, as a sleeping machine makes it, the grid jumps. */
const LONGEST_FILL = 1;

/** What becomes of a frame: its place, and how many places before it show the frame before it again. */
export interface Placement {
  index: number;
  repeats: number;
}

/**
 * Puts frames that come when they come on a grid of constant rate: one frame a place, each place later than the one
 * before, none left empty.
 */
export class FrameGrid {
  /** µs. */
  readonly period: number;
  readonly #patience: number;
  #origin: number | undefined;
  #next = 0;
  /** Of the newest frame that came by itself. */
  #newest = 0;

  /**
   * @param frameRate places a second
   * @param patience how late a frame may be before its place shows the one before it again, in frames
   */
  constructor(frameRate: number, patience = TOLERANCE) {
    this.period = 1e6 / frameRate;
    this.#patience = patience;
  }

  /** Time of a place, µs, on the clock of the frames. */
  timeOf(index: number): number {
    return (this.#origin ?? 0) + index * this.period;
  }

  /** When the next place shows the last frame again, µs; Infinity before the first frame. */
  get deadline(): number {
    return this.#origin === undefined ? Infinity : this.timeOf(this.#next + this.#patience);
  }

  /**
   * Where a frame goes.
   * @param time of its capture, µs
   * @param step since the frame before it, in frames of this grid, where its source says so; it is then believed, however
   *   the frames jitter
   * @returns undefined: nowhere, it comes before its turn
   */
  place(time: number, step?: number): Placement | undefined {
    this.#origin ??= time;
    const position = (time - this.#origin) / this.period;
    const follower = this.#follower(position, step);
    if (follower === undefined && position < this.#next - TOLERANCE) return undefined;
    const index = follower ?? Math.max(this.#next, Math.ceil(position - TOLERANCE));
    if (index < this.#next) return undefined;
    this.#newest = index;
    return this.#take(index);
  }

  #follower(position: number, step: number | undefined): number | undefined {
    if (step === undefined || step < 0.5 || Math.abs(step - Math.round(step)) > 0.01) return undefined;
    const index = this.#newest + Math.round(step);
    return Math.abs(position - index) <= FAR_OFF ? index : undefined;
  }

  /** The next place, where its time is over and nothing came. */
  repeat(now: number): Placement | undefined {
    if (now < this.deadline) return undefined;
    const position = (now - (this.#origin ?? 0)) / this.period;
    return this.#take(Math.max(this.#next, Math.floor(position - this.#patience)));
  }

  #take(index: number): Placement {
    const hole = index - this.#next;
    this.#next = index + 1;
    return { index, repeats: hole * this.period > LONGEST_FILL * 1e6 ? 0 : hole };
  }
}
