/**
 * Tells one wrong timestamp from a clock that runs from another place now: only a second one that goes with the first
 * is believed. All times in microseconds.
 */
export class JumpDetector {
  #suspect: number | undefined;

  /**
   * @param maxGap farthest that a track may go ahead without a jump
   * @param maxBack farthest that it may go back
   */
  constructor(
    private readonly maxGap: number,
    private readonly maxBack: number,
  ) {}

  /** @param expected where the track should go on; undefined: anywhere */
  judge(timestamp: number, expected: number | undefined): 'fits' | 'suspect' | 'jump' {
    const suspect = this.#suspect;
    this.#suspect = undefined;
    if (expected === undefined) return 'fits';
    const deviation = timestamp - expected;
    if (deviation >= -this.maxBack && deviation <= this.maxGap) return 'fits';
    if (suspect !== undefined && timestamp > suspect && timestamp - suspect <= this.maxGap) return 'jump';
    this.#suspect = timestamp;
    return 'suspect';
  }
}
