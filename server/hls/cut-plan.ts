/** One part, seconds on the stream's timeline. */
export interface Cut {
  start: number;
  end: number;
  /** Pictures from here on belong to the next part, though they begin before the end: a key frame that came early. Default: the end. */
  limit?: number;
  /** Its segment ends with it. */
  closesSegment: boolean;
  /** Its segment may turn out to end with it: a key frame in its place would begin the next one. */
  mayCloseSegment: boolean;
}

export interface CutPlanOptions {
  /** EXT-X-PART-INF PART-TARGET, seconds: no part is longer. */
  partTarget: number;
  /** A segment ends at the first key frame from this length on, seconds. */
  segmentDuration: number;
  /** EXT-X-TARGETDURATION, seconds: no segment is longer. */
  targetDuration: number;
  /** A first guess at how long the next frame will be, seconds. */
  frameDuration: number;
  /** It is more than a guess: frames have this length. */
  isRegular: boolean;
  /**
   * The stream's first segments end at every key frame. One, so that there is soon one to play: players take a playlist without a whole
   * segment for broken. Some, since hls.js goes on by whole segments until it has as much as the first part and the segment that grows
   * are long.
   */
  isFirst?: boolean;
}

/** A part is at least so much of PART-TARGET, but for the last of its segment (RFC 8216bis §4.4.4.9). */
const LEAST_PART = 0.85;

/** Key frames come a little early now and then; waiting for the next would double the segment. */
const SEGMENT_TOLERANCE = 0.1;

/** Segments that begin so soon after the stream are short, seconds. */
const BEGINNING = 0.7;

/**
 * The least that those are long: one part, shorter than others as the last of its segment may be, seconds; and of the time since the
 * stream's beginning so much, so that sound, where every sample is a key frame, does not make many of them.
 */
const SHORT_SEGMENT = 0.08;
const GROWTH = 0.6;

/** Parts are cut by the other tracks when the primary one is this much behind them, seconds. */
const PRIMARY_STALL = 1;

/** How fast the expected frame length follows the frames. */
const SMOOTHING = 0.1;

/** Frames this near to the expected length leave the frame rate what it is. */
const STEADY = 0.1;

/** Where less than this share of a frame is left of a part, the next frame will not fit. */
const FITS = 0.75;

/** EXTINF is compared rounded to whole seconds (RFC 8216bis §4.4.3.1): a key frame a little late still ends its segment. */
const ROUNDED_AWAY = 0.4;

/** The shortest part, of pictures that another part has left no time for, seconds. */
const LEAST_DURATION = 0.001;

/** Less than any frame, more than the rounding of sums, seconds. */
const EPSILON = 1e-6;

/**
 * Decides where parts and segments end, from the times of the primary track's samples. All times in seconds.
 *
 * A part ends where a frame ends, if one does between 85 % and all of the part target; with a constant frame rate there always is one.
 * Else, as in a screen share of few frames, it ends at the part target, and the frame that begins in it reaches over its end. So
 * no part is too long or too short, whatever the frames do.
 */
export class CutPlan {
  /** Decided and not yet carried out, in order. */
  readonly cuts: Cut[] = [];
  #partStart: number;
  #segmentStart: number;
  #frameDuration: number;
  #lastStart: number | undefined;
  /** Pictures that begin in the part that is open. */
  #pictures = 0;
  readonly #streamStart: number;

  constructor(
    private readonly options: CutPlanOptions,
    start: number,
  ) {
    this.#partStart = start;
    this.#segmentStart = start;
    this.#frameDuration = options.frameDuration;
    this.#streamStart = options.isFirst ? start : -Infinity;
  }

  /** Frames a second of the primary track; where they come as they like, of late and rounded. */
  get frameRate(): number {
    const { isRegular, frameDuration } = this.options;
    const isSteady = Math.abs(this.#frameDuration / frameDuration - 1) < STEADY;
    return isRegular && isSteady ? 1 / frameDuration : Math.max(1, Math.round(1 / this.#frameDuration));
  }

  /** How long a frame lasts of late. */
  get frameDuration(): number {
    return this.#frameDuration;
  }

  /**
   * The primary track's next sample.
   * @param end where it ends, as far as is known before the next one is there
   */
  addPrimary(start: number, end: number, key: boolean): void {
    const { partTarget } = this.options;
    if (this.#lastStart !== undefined) {
      this.#frameDuration += (start - this.#lastStart - this.#frameDuration) * SMOOTHING;
    }
    this.#lastStart = start;
    this.#retract(start);
    if (this.#startsSegment(start, end, key)) this.#endSegment(start);
    else this.#fill(start);
    const isTooLong = end - this.#partStart > partTarget + EPSILON;
    if (isTooLong && this.#isLongEnough(start)) this.#endPart(start);
    this.#pictures++;
    this.#fill(end);
    // At once where one more frame would cross, rather than when that frame comes.
    const left = partTarget - (end - this.#partStart);
    if (left < this.#frameDuration * FITS && this.#isLongEnough(end)) this.#endPart(end);
  }

  /** Another track reaches so far. */
  addOther(end: number): void {
    const { partTarget } = this.options;
    while (end - this.#partStart > partTarget + PRIMARY_STALL) this.#endPart(this.#partStart + partTarget);
  }

  /** Ends the part and its segment here, whatever their length. */
  force(end: number): void {
    this.#fill(end);
    if (end - this.#partStart > EPSILON) this.#endPart(end);
    this.#closeSegment();
  }

  #isLongEnough(end: number): boolean {
    return end - this.#partStart >= this.options.partTarget * LEAST_PART - EPSILON;
  }

  #startsSegment(start: number, end: number, key: boolean): boolean {
    const length = start - this.#segmentStart;
    if (length <= EPSILON) return false;
    if (key && length >= this.#leastSegment) return true;
    // The target duration bounds every segment, also where key frames are rare.
    return end - this.#segmentStart > this.#longestSegment && length <= this.#longestSegment;
  }

  /** From here on a key frame ends the segment. */
  get #leastSegment(): number {
    const age = this.#segmentStart - this.#streamStart;
    if (age < BEGINNING) return Math.max(SHORT_SEGMENT, age * GROWTH);
    return this.options.segmentDuration - SEGMENT_TOLERANCE;
  }

  get #longestSegment(): number {
    return this.options.targetDuration + ROUNDED_AWAY;
  }

  /** @param limit where the key frame begins that has the next segment */
  #endSegment(limit: number): void {
    this.#fill(limit);
    if (limit - this.#partStart > this.#slack) this.#endPart(limit);
    else if (this.#pictures > 0) this.#endPart(Math.max(limit, this.#partStart + LEAST_DURATION), limit);
    this.#closeSegment();
  }

  /** What is left of less than this makes no part of its own: a last part may have any length, but none for a frame that is late. */
  get #slack(): number {
    return Math.min(this.#frameDuration / 2, this.options.partTarget * (1 - LEAST_PART));
  }

  #closeSegment(): void {
    const last = this.cuts.at(-1);
    if (last) {
      last.closesSegment = true;
      last.mayCloseSegment = true;
    } else {
      const end = this.#partStart;
      this.cuts.push({ start: end, end, closesSegment: true, mayCloseSegment: true });
    }
    this.#segmentStart = this.#partStart;
  }

  /** Takes back what was decided, and not yet carried out, on where a frame was expected to end: the next one is there before. */
  #retract(start: number): void {
    for (let last = this.cuts.at(-1); last && !last.closesSegment; last = this.cuts.at(-1)) {
      if (start > last.end - EPSILON) return;
      this.cuts.pop();
      this.#partStart = last.start;
      this.#pictures = 1;
    }
  }

  /** Parts of the target's length for as long as no sample begins or ends where one could be cut. */
  #fill(until: number): void {
    const { partTarget } = this.options;
    while (until - this.#partStart > partTarget + EPSILON) this.#endPart(this.#partStart + partTarget);
  }

  #endPart(end: number, limit = end): void {
    if (end - this.#segmentStart > this.#longestSegment + EPSILON && this.#partStart > this.#segmentStart) {
      this.#closeSegment();
    }
    const mayCloseSegment = end - this.#segmentStart >= this.#leastSegment - this.#slack;
    this.cuts.push({ start: this.#partStart, end, limit, closesSegment: false, mayCloseSegment });
    this.#partStart = end;
    this.#pictures = 0;
  }
}
