import { LivedropError } from '../errors.js';

/** Tells when a playlist has had nothing to play for a while, and when it has again. */
export class ShowTimeout {
  readonly #url: string;
  readonly #onError: (error: LivedropError | undefined) => void;
  readonly #seconds: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, onError: (error: LivedropError | undefined) => void, seconds = 10) {
    this.#url = url;
    this.#onError = onError;
    this.#seconds = seconds;
  }

  /** There is nothing; the time runs from the first call on. */
  missing(): void {
    this.#timer ??= setTimeout(() => {
      const message = `Stream not showing for viewers: nothing to play at ${this.#url} for ${this.#seconds} s.`;
      this.#onError(new LivedropError('STREAM_NOT_SHOWING', message));
    }, this.#seconds * 1000);
  }

  /** There is something. */
  arrived(): void {
    if (this.#timer === undefined) return;
    this.close();
    this.#onError(undefined);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
