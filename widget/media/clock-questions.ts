import { ServerClock } from './server-clock.js';

/** At the beginning, ms apart: one answer may have waited on the way. */
const FIRST = 4;
const FIRST_INTERVAL = 250;

/** From then on, ms apart: clocks drift slowly. */
const INTERVAL = 10_000;

/** Asks a server for its time while there is a connection to it. */
export class ClockQuestions {
  readonly clock: ServerClock;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param send sends `{ type: 'clock', sent }` */
  constructor(send: (sent: number) => void) {
    this.clock = new ServerClock(send);
  }

  /** There is a connection, perhaps to another server than before. */
  start(): void {
    this.stop();
    this.clock.reset();
    this.#ask(FIRST);
  }

  /** What was answered stays. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #ask(left: number): void {
    this.clock.ask();
    this.#timer = setTimeout(() => this.#ask(left - 1), left > 1 ? FIRST_INTERVAL : INTERVAL);
  }
}
