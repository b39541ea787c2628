/** A network may be gone without a word, and a page cannot ping: seconds after which it would be noticed by a viewer. */
const SILENCE_TIMEOUT = 8;

/** Looks within the timeout: the first that finds silence asks, and leaves more than half of the time for the answer. */
const LOOKS = 4;

export interface LivenessEvents {
  /** Send something that is answered. */
  ask(): void;
  /** No answer. @param seconds the timeout */
  onDead(seconds: number): void;
}

/**
 * Notices that a connection is dead though it seems to be open: nothing comes any more, not even the answer to a question. Time in
 * which the page itself slept does not count.
 */
export class Liveness {
  readonly #events: LivenessEvents;
  readonly #timeout: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Looks in a row that found that nothing had come. */
  #silentLooks = 0;

  /** @param timeout seconds of silence. Default 8. */
  constructor(events: LivenessEvents, timeout: number = SILENCE_TIMEOUT) {
    this.#events = events;
    this.#timeout = timeout;
  }

  start(): void {
    this.stop();
    this.#silentLooks = -1;
    this.#timer = setInterval(() => this.#look(), (this.#timeout * 1000) / LOOKS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Something came. */
  heard(): void {
    this.#silentLooks = -1;
  }

  #look(): void {
    this.#silentLooks += 1;
    if (this.#silentLooks === 1) this.#events.ask();
    if (this.#silentLooks < LOOKS - 1) return;
    this.stop();
    this.#events.onDead(this.#timeout);
  }
}
