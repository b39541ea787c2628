/**
 * Lengths of the first groups, seconds: the server closes a stream's first segments at them. After the first, a viewer who waits has a whole
 * segment; those that follow carry a player over until there is enough for it to go on by parts.
 */
const FIRST_GROUPS = [0.1, 0.2, 0.3, 0.4];

/** Between key frames, seconds: a viewer can start at each. */
const GROUP = 1;

/** Says which frames are key frames: the first, some soon after it, then one a second. */
export class KeyFrames {
  /** Of what is to come, in frames, those of the first groups. */
  #lengths: number[] = [];
  readonly #group: number;
  #isWanted = true;
  #next = 0;

  constructor(private readonly frameRate: number) {
    this.#group = this.#frames(GROUP);
    this.restart();
  }

  /** The next frame is one, and the groups that it begins are as short as the very first. */
  restart(): void {
    this.#isWanted = true;
    this.#lengths = FIRST_GROUPS.map((seconds) => this.#frames(seconds));
  }

  /**
   * Asked once for each frame that is encoded.
   * @param index on the grid; may leave places out
   */
  isDue(index: number): boolean {
    if (!this.#isWanted && index < this.#next) return false;
    // A frame rate that was lowered leaves places out: the rhythm of whole seconds stays.
    const late = this.#isWanted ? 0 : (index - this.#next) % this.#group;
    this.#next = index - late + (this.#lengths.shift() ?? this.#group);
    this.#isWanted = false;
    return true;
  }

  #frames(seconds: number): number {
    return Math.max(1, Math.round(seconds * this.frameRate));
  }
}
