/** Where a part ends, seconds on the stream's timeline. */
export interface Cut {
  end: number;
  /** Its segment ends with it. */
  closesSegment: boolean;
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
}

/** Key frames come a little early now and then; waiting for the next would double the segment. */
const SEGMENT_TOLERANCE = 0.1;

/** Parts are cut by the other tracks when the primary one is this much behind them, seconds. */
const PRIMARY_STALL = 1;

/** How fast the expected frame length follows the frames. */
const SMOOTHING = 0.1;

/** EXTINF is compared rounded to whole seconds (RFC 8216bis §4.4.3.1): a key frame a little late still ends its segment. */
const ROUNDED_AWAY = 0.4;

/** Less than any frame, more than the rounding of sums, seconds. */
const EPSILON = 1e-6;

/** Decides where parts and segments end, from the times of the primary track's samples. All times in seconds. */
export class CutPlan {
  /** Decided and not yet carried out, in order. */
  readonly cuts: Cut[] = [];
  #partStart: number;
  #segmentStart: number;
  #frameDuration: number;

  constructor(
    private readonly options: CutPlanOptions,
    start: number,
  ) {
    this.#partStart = start;
    this.#segmentStart = start;
    this.#frameDuration = options.frameDuration;
  }

  /** Frames a second of the primary track; where they come as they like, of late and rounded. */
  get frameRate(): number {
    const { isRegular, frameDuration } = this.options;
    return isRegular ? 1 / frameDuration : Math.max(1, Math.round(1 / this.#frameDuration));
  }

  /** The primary track's next sample. */
  addPrimary(start: number, end: number, key: boolean): void {
    const { partTarget } = this.options;
    this.#catchUp(start);
    if (this.#startsSegment(start, end, key)) this.#endSegment(start);
    // Before the sample that would cross: a part must never exceed the target.
    else if (end - this.#partStart > partTarget + EPSILON) this.#endPart(start);
    this.#frameDuration += (end - start - this.#frameDuration) * SMOOTHING;
    // At once where one more frame would cross, rather than when that frame comes.
    if (partTarget - (end - this.#partStart) < this.#frameDuration / 2) this.#endPart(end);
  }

  /** Another track reaches so far. */
  addOther(end: number): void {
    const { partTarget } = this.options;
    if (end - this.#partStart > partTarget + PRIMARY_STALL) this.#endPart(this.#partStart + partTarget);
  }

  /** Ends the part and its segment here, whatever their length. */
  force(end: number): void {
    this.#endPart(Math.max(end, this.#partStart));
    this.#endSegment(this.#partStart);
  }

  #startsSegment(start: number, end: number, key: boolean): boolean {
    const { segmentDuration, targetDuration } = this.options;
    const length = start - this.#segmentStart;
    if (length <= EPSILON) return false;
    if (key && length >= segmentDuration - SEGMENT_TOLERANCE) return true;
    // The target duration bounds every segment, also where key frames are rare.
    return end - this.#segmentStart > targetDuration + ROUNDED_AWAY;
  }

  #endSegment(end: number): void {
    if (end - this.#partStart > EPSILON) this.#endPart(end);
    const last = this.cuts.at(-1);
    if (last) last.closesSegment = true;
    else this.cuts.push({ end: this.#partStart, closesSegment: true });
    this.#segmentStart = this.#partStart;
  }

  #endPart(end: number): void {
    this.cuts.push({ end, closesSegment: false });
    this.#partStart = end;
  }

  /** After a stall of the primary track, what the others have for that time still makes parts of their length. */
  #catchUp(start: number): void {
    const { partTarget } = this.options;
    while (start - this.#partStart > partTarget + PRIMARY_STALL / 2)
      this.#endPart(this.#partStart + partTarget);
  }
}
