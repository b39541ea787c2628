/** So many of the newest messages are remembered: a minute of 150 a second. */
const MAX_MESSAGES = 10_000;

/** Tells in which of the numbered messages that carry a file a byte of it lies. */
export class MessageMap {
  /** Where each begins in the file; the oldest that is remembered comes first. */
  #starts: number[] = [];
  #first = 0;

  /** @param end where message 0 begins in the file */
  constructor(private end = 0) {}

  /** The next message. */
  add(bytes: number): void {
    this.#starts.push(this.end);
    this.end += bytes;
    if (this.#starts.length > MAX_MESSAGES) this.#forgetFirst();
  }

  /**
   * Forgets all before the message that it finds.
   * @param position of a byte that came, from the file's beginning
   * @returns undefined where its message is forgotten
   */
  locate(position: number): { message: number; offset: number } | undefined {
    while ((this.#starts[1] ?? Infinity) <= position) this.#forgetFirst();
    const offset = position - (this.#starts[0] ?? Infinity);
    return offset < 0 ? undefined : { message: this.#first, offset };
  }

  #forgetFirst(): void {
    this.#starts.shift();
    this.#first++;
  }
}
