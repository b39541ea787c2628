/**
 * A timer that can be helped along: a hidden page's own come late, up to a minute late, but what an encoder's worker sends
 * it comes in time.
 */
export class Deadline {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #due: { at: number; action: () => void } | undefined;

  get isSet(): boolean {
    return this.#due !== undefined;
  }

  /**
   * Sets it, instead of what it was set for.
   * @param ms from now
   */
  set(ms: number, action: () => void): void {
    this.clear();
    this.#due = { at: performance.now() + ms, action };
    this.#timer = setTimeout(() => this.#run(), ms);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#due = undefined;
  }

  /** Does what is due. */
  tick(): void {
    if (this.#due && performance.now() >= this.#due.at) this.#run();
  }

  #run(): void {
    const due = this.#due;
    this.clear();
    due?.action();
  }
}
