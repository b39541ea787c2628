/** The same as `ticker-worker.ts`, for a page that loads this module from another origin. */
const WORKER_SOURCE = 'onmessage = ({ data }) => { setInterval(() => postMessage(null), data); };';

type WorkerMaker = () => Worker;

/**
 * Calls back at a steady rate, in a hidden tab too: there a page's own timers fall to one a second, a
 * worker's do not.
 */
export class Ticker {
  readonly #interval: number;
  readonly #onTick: () => void;
  #worker: Worker | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #objectUrl: string | undefined;

  /** @param rate ticks a second */
  constructor(rate: number, onTick: () => void) {
    this.#interval = 1000 / rate;
    this.#onTick = onTick;
    this.#start([
      // Bundlers look for exactly this expression. It fails where the script is of another origin.
      () => new Worker(new URL('./ticker-worker.js', import.meta.url), { type: 'module' }),
      // This one fails where the page's Content-Security-Policy has no `worker-src blob:`.
      () => new Worker(this.#sourceUrl()),
    ]);
  }

  stop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#objectUrl) URL.revokeObjectURL(this.#objectUrl);
    this.#objectUrl = undefined;
  }

  /** Tries one after the other; a plain timer is better than none. */
  #start([make, ...others]: WorkerMaker[]): void {
    if (!make) {
      this.#timer = setInterval(this.#onTick, this.#interval);
      return;
    }
    try {
      const worker = make();
      this.#worker = worker;
      worker.onmessage = this.#onTick;
      worker.onerror = (event) => {
        event.preventDefault();
        if (this.#worker !== worker) return;
        this.stop();
        this.#start(others);
      };
      worker.postMessage(this.#interval);
    } catch {
      this.#start(others);
    }
  }

  #sourceUrl(): string {
    this.#objectUrl = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: 'text/javascript' }));
    return this.#objectUrl;
  }
}
