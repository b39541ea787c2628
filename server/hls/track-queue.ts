import type { Cut } from './cut-plan.js';
import type { Run } from './media-segment.js';
import type { Sample, Track } from './sample.js';

/** How far one track may be ahead while a part waits for the other to reach its end, seconds. */
const OTHER_TRACK_WAIT = 0.25;

/** What there is of one track and is in no part yet, on the stream's timeline. */
export class TrackQueue {
  #samples: Sample[] = [];
  #last: Sample | undefined;
  #reached = 0;
  /** Where its last published sample ended, in its timescale. */
  #written = 0;

  /** @param isPrimary parts and segments are cut by it */
  constructor(
    readonly track: Track,
    private readonly isPrimary: boolean,
  ) {}

  /** Its newest sample of this run, queued or published. */
  get last(): Sample | undefined {
    return this.#last;
  }

  /** Where its last sample ended, seconds. */
  get reached(): number {
    return this.#reached;
  }

  get isEmpty(): boolean {
    return this.#samples.length === 0;
  }

  /** How long what is queued lasts, seconds. */
  get duration(): number {
    const ticks = this.#samples.reduce((sum, sample) => sum + sample.duration, 0);
    return ticks / this.track.timescale;
  }

  /** A run ends. */
  restart(): void {
    this.#reached = 0;
    this.#last = undefined;
  }

  /**
   * A fragment has no times but its first and its samples' durations: each must last until the next one, or all after it would be
   * at other times than their own.
   * @returns false where it must be dropped, since another of its time was there before
   */
  putInOrder(sample: Sample): boolean {
    const last = this.#last;
    this.#last = sample;
    if (!last) return true;
    if (sample.dts <= last.dts) {
      if (!this.isPrimary) {
        this.#last = last;
        return false;
      }
      sample.compositionOffset += sample.dts - last.dts - 1;
      sample.dts = last.dts + 1;
    }
    last.duration = sample.dts - last.dts;
    return true;
  }

  /** @param end of the sample, seconds */
  add(sample: Sample, end: number): void {
    this.#samples.push(sample);
    this.#reached = Math.max(this.#reached, end);
  }

  /** It has been waited for others long enough. By where its newest sample begins: a picture may last as long as it likes. */
  isAheadOf(cut: Cut): boolean {
    if (!this.#last) return false;
    return this.#last.dts / this.track.timescale - cut.end > OTHER_TRACK_WAIT;
  }

  /** It reaches the part's end. */
  covers(cut: Cut): boolean {
    return this.#reached >= cut.end - 1 / this.track.timescale - this.#lag(cut);
  }

  /**
   * Takes what belongs to a part.
   * @param isFinal nothing stays for the next part
   * @param start of the part, seconds
   */
  take(cut: Cut, isFinal: boolean, start: number): Run {
    const { id, timescale } = this.track;
    const until = this.isPrimary ? (cut.limit ?? cut.end) : cut.end;
    const limit = until * timescale - 0.5;
    const lag = this.#lag(cut) * timescale;
    const next = this.#samples.findIndex(({ dts, duration }) =>
      lag > 0 ? dts + duration - 1 > limit : dts >= limit,
    );
    const samples = this.#samples.splice(0, isFinal || next === -1 ? this.#samples.length : next);
    const newest = samples.at(-1);
    // A picture that nothing has followed yet is shown until the part's end at least.
    if (newest && newest === this.#last && this.isPrimary && !isFinal) {
      newest.duration = Math.max(newest.duration, Math.round(cut.end * timescale) - newest.dts);
    }
    const from = Math.max(this.#written, Math.round(start * timescale));
    if (newest) this.#written = newest.dts + newest.duration;
    return { track: id, samples, start: from };
  }

  /**
   * How much sooner than the part another track may end: a frame of sound that reaches over the end belongs to the next part, so that
   * none waits for it. Not so where the segment may end: players ask again for one whose end is not covered by all its tracks.
   */
  #lag({ mayCloseSegment }: Cut): number {
    if (mayCloseSegment || !this.#last || this.isPrimary) return 0;
    return (this.#last.duration - 1) / this.track.timescale;
  }
}
