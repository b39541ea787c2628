import type { ReactiveController, ReactiveControllerHost } from 'lit';

const SECOND = 1000;

/**
 * Renders its host once a second while something counts up, on the second of what is counted, so that the
 * shown time never skips one. Knob: {@link since}.
 */
export class Clock implements ReactiveController {
  #since: Date | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #connected = false;

  constructor(private readonly host: ReactiveControllerHost) {
    host.addController(this);
  }

  /** When counting began; undefined stops it. */
  set since(since: Date | undefined) {
    if (since?.getTime() === this.#since?.getTime()) return;
    this.#since = since;
    this.#schedule();
  }

  get since(): Date | undefined {
    return this.#since;
  }

  /** Seconds since {@link since}, 0 while nothing is counted. */
  get seconds(): number {
    return this.#since ? Math.max(0, (Date.now() - this.#since.getTime()) / SECOND) : 0;
  }

  hostConnected(): void {
    this.#connected = true;
    this.#schedule();
  }

  hostDisconnected(): void {
    this.#connected = false;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (!this.#connected || !this.#since) return;
    const intoSecond = (Date.now() - this.#since.getTime()) % SECOND;
    this.#timer = setTimeout(() => {
      this.host.requestUpdate();
      this.#schedule();
    }, SECOND - intoSecond);
  }
}
