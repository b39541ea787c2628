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
    const followsSuspect = suspect !== undefined && timestamp > suspect && timestamp - suspect <= this.maxGap;
    // One that lies at the edge goes with the suspect all the same, where it is nearer to that.
    const isNearSuspect = followsSuspect && timestamp - suspect < Math.abs(deviation);
    if (deviation >= -this.maxBack && deviation <= this.maxGap && !isNearSuspect) return 'fits';
    if (followsSuspect) return 'jump';
    this.#suspect = timestamp;
    return 'suspect';
  }
}
