import { concat } from '../hls/boxes.js';

/**
 * The bytes a new transcoder needs to go on in the middle of a file: the file's header, and everything since the last place
 * where reading can start; since the one before while what began at the last has not come out of the transcoder, which may
 * still hold the end of what was before it.
 */
export class ReplayBuffer {
  #header: Uint8Array[] = [];
  /** From the last place but one to the last. */
  #before: Uint8Array[] = [];
  /** Since the last place. */
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #headerDone = false;
  #lost = false;
  #checkpoint = 0;
  #boundaries = 0;
  /** Of the two last places, those of which nothing has come out. */
  #awaited = 0;

  /** @param limit most bytes kept after the header */
  constructor(private readonly limit: number) {}

  get headerComplete(): boolean {
    return this.#headerDone;
  }

  /** How many places where reading can start there have been. */
  get boundaries(): number {
    return this.#boundaries;
  }

  header(): Uint8Array {
    return concat(this.#header);
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (!this.#headerDone) {
      pushJoined(this.#header, bytes, 0);
      return;
    }
    if (this.#lost) return;
    pushJoined(this.#chunks, bytes, this.#checkpoint);
    this.#bytes += bytes.length;
    if (this.#bytes > this.limit) this.#forgetBefore();
    if (this.#bytes > this.limit) {
      // Reading cannot start in the middle: wait for the next boundary.
      this.#chunks = [];
      this.#bytes = 0;
      this.#checkpoint = 0;
      this.#lost = true;
    }
  }

  /** The next byte appended is the first after the header, or a place where reading can perhaps start. */
  checkpoint(): void {
    this.#headerDone = true;
    this.#lost = false;
    this.#checkpoint = this.#chunks.length;
  }

  /** Reading can start at the last checkpoint. */
  commit(): void {
    this.#boundaries++;
    this.#forgetBefore();
    this.#before = this.#chunks.splice(0, this.#checkpoint);
    this.#checkpoint = 0;
    this.#awaited = Math.min(this.#awaited, 1) + 1;
  }

  /** What began at the next place has begun to come out: what was given before it is out. */
  cameOut(): void {
    this.#awaited = Math.max(0, this.#awaited - 1);
    if (this.#awaited === 0) this.#forgetBefore();
  }

  /** Reading can start at the next byte. */
  mark(): void {
    this.checkpoint();
    this.commit();
  }

  /** What to give to a new transcoder. */
  replay(): Uint8Array[] {
    this.#awaited = this.#before.length > 0 ? 2 : 1;
    return [...this.#header, ...this.#before, ...this.#chunks];
  }

  #forgetBefore(): void {
    for (const chunk of this.#before.splice(0)) this.#bytes -= chunk.length;
  }
}

/**
 * Adds bytes to a list, as part of its last entry where they lie behind it in memory: many small elements of one
 * message must not become as many objects.
 * @param from entries before this one stay as they are
 */
function pushJoined(list: Uint8Array[], bytes: Uint8Array, from: number): void {
  const last = list.length > from ? list.at(-1) : undefined;
  if (last && last.buffer === bytes.buffer && last.byteOffset + last.byteLength === bytes.byteOffset) {
    list[list.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.byteLength + bytes.byteLength);
  } else {
    list.push(bytes);
  }
}
