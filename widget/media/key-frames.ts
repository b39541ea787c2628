/**
 * Frames of the first group, in seconds: it ends with the first part, since the server closes the first segment at the
 * first key frame after it. A viewer who waits has a whole segment then.
 */
const FIRST_GROUP = 0.2;

/** Between key frames, seconds: a viewer can start at each. */
const GROUP = 1;

/** Says which frames are key frames: the first, one right after the first part, then one a second. */
export class KeyFrames {
  readonly #first: number;
  readonly #group: number;
  #isBeginning = true;
  #isWanted = true;
  #next = 0;

  constructor(frameRate: number) {
    this.#first = Math.max(1, Math.round(FIRST_GROUP * frameRate));
    this.#group = Math.max(1, Math.round(GROUP * frameRate));
  }

  /** The next frame is one, and the group that it begins is as short as the very first. */
  restart(): void {
    this.#isWanted = true;
    this.#isBeginning = true;
  }

  /**
   * Asked once for each frame that is encoded.
   * @param index on the grid; may leave places out
   */
  isDue(index: number): boolean {
    if (!this.#isWanted && index < this.#next) return false;
    // A frame rate that was lowered leaves places out: the rhythm of whole seconds stays.
    const late = this.#isWanted ? 0 : (index - this.#next) % this.#group;
    this.#next = index - late + (this.#isBeginning ? this.#first : this.#group);
    this.#isWanted = false;
    this.#isBeginning = false;
    return true;
  }
}
