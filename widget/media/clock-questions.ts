/** At the beginning, ms apart: one answer may have waited on the way. */
const FIRST = 4;
const FIRST_INTERVAL = 250;

/** From then on, ms apart: clocks drift slowly. */
const INTERVAL = 10_000;

/** Asks for a server's time: some times in a row, then now and then, until `stop`. */
export class ClockQuestions {
  readonly #ask: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ask: () => void) {
    this.#ask = ask;
  }

  start(): void {
    this.stop();
    this.#next(FIRST);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #next(left: number): void {
    this.#ask();
    this.#timer = setTimeout(() => this.#next(left - 1), left > 1 ? FIRST_INTERVAL : INTERVAL);
  }
}
