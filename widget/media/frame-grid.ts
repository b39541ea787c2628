/**
 * How far from its place on the grid a frame may be, in frames. Less than one, or a steady source could slip by a
 * whole frame; more than half, so that a camera whose frames jitter by half of one is neither doubled nor thinned out.
 */
const TOLERANCE = 0.75;

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
  #origin: number | undefined;
  #next = 0;

  /** @param frameRate places a second */
  constructor(frameRate: number) {
    this.period = 1e6 / frameRate;
  }

  /** Time of a place, µs, on the clock of the frames. */
  timeOf(index: number): number {
    return (this.#origin ?? 0) + index * this.period;
  }

  /** When the next place shows the last frame again, µs; Infinity before the first frame. */
  get deadline(): number {
    return this.#origin === undefined ? Infinity : this.timeOf(this.#next + TOLERANCE);
  }

  /**
   * Where a frame goes.
   * @param time of its capture, µs
   * @returns undefined: nowhere, it comes before its turn
   */
  place(time: number): Placement | undefined {
    this.#origin ??= time;
    const position = (time - this.#origin) / this.period;
    if (position < this.#next - TOLERANCE) return undefined;
    const index = Math.max(this.#next, Math.ceil(position - TOLERANCE));
    return this.#take(index);
  }

  /** The next place, where its time is over and nothing came. */
  repeat(now: number): Placement | undefined {
    if (now < this.deadline) return undefined;
    const position = (now - (this.#origin ?? 0)) / this.period;
    return this.#take(Math.max(this.#next, Math.floor(position - TOLERANCE)));
  }

  #take(index: number): Placement {
    const hole = index - this.#next;
    this.#next = index + 1;
    return { index, repeats: hole * this.period > LONGEST_FILL * 1e6 ? 0 : hole };
  }
}
