/** Waiting times between attempts. */
export interface RetryOptions {
  /** Upper limit of the first wait, seconds. @default 0.25 */
  initialDelay: number;
  /** Upper limit of any wait, seconds: who comes back is live within 5 s of what kept them away. @default 3 */
  maxDelay: number;
  /** By which the upper limit grows. @default 2 */
  factor: number;
  /** Attempts in a row before giving up. @default Infinity */
  maxAttempts: number;
}

export const RETRY_DEFAULTS: RetryOptions = {
  initialDelay: 0.25,
  maxDelay: 3,
  factor: 2,
  maxAttempts: Infinity,
};

/**
 * Exponential backoff with full jitter: each wait is random between nothing and a limit that grows, so
 * that the clients of a server that comes back do not all arrive at the same moment.
 */
export class Retry {
  readonly #options: RetryOptions;
  readonly #random: () => number;
  /** Failures since the last {@link reset}. */
  #attempts = 0;

  constructor(options: Partial<RetryOptions> = {}, random: () => number = Math.random) {
    this.#options = { ...RETRY_DEFAULTS, ...options };
    this.#random = random;
  }

  /**
   * Notes a failure.
   * @param most upper limit of this wait, seconds
   * @returns seconds to wait before the next attempt; undefined: give up
   */
  next(most = Infinity): number | undefined {
    const { initialDelay, maxDelay, factor, maxAttempts } = this.#options;
    this.#attempts += 1;
    if (this.#attempts >= maxAttempts) return undefined;
    const limit = Math.min(most, maxDelay, initialDelay * factor ** (this.#attempts - 1));
    return this.#random() * limit;
  }

  /** It worked: the next wait is short again. */
  reset(): void {
    this.#attempts = 0;
  }
}
