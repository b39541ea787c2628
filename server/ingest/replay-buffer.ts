import { concat } from '../hls/boxes.js';

/**
 * The bytes a new transcoder needs to go on in the middle of a file: the file's header, and everything
 * since the last place where reading can start.
 */
export class ReplayBuffer {
  #header: Uint8Array[] = [];
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #headerDone = false;
  #lost = false;
  #boundaries = 0;

  /** @param limit most bytes kept after the header */
  constructor(private readonly limit: number) {}

  get headerComplete(): boolean {
    return this.#headerDone;
  }

  /** How often {@link mark} was called. */
  get boundaries(): number {
    return this.#boundaries;
  }

  header(): Uint8Array {
    return concat(this.#header);
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (!this.#headerDone) {
      this.#header.push(bytes);
      return;
    }
    if (this.#lost) return;
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes > this.limit) {
      // Reading cannot start in the middle: wait for the next boundary.
      this.#chunks = [];
      this.#bytes = 0;
      this.#lost = true;
    }
  }

  /** The next byte appended is the first after the header, or a place where reading can start. */
  mark(): void {
    this.#headerDone = true;
    this.#boundaries++;
    this.#lost = false;
    this.#chunks = [];
    this.#bytes = 0;
  }

  /** What to give to a new transcoder. */
  replay(): Uint8Array[] {
    return [...this.#header, ...this.#chunks];
  }
}
