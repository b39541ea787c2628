import { Events } from 'hls.js';

/** What is used of hls.js; the real one plays in the browser's tests. */
export class FakeHls {
  static readonly Events = Events;
  static readonly ErrorTypes = { MEDIA_ERROR: 'mediaError' };
  static readonly DefaultConfig = { loader: class {} };
  static last: FakeHls | undefined;
  latestLevelDetails: object | undefined;
  /** Seconds behind the edge. */
  latency = 0;
  readonly #listeners = new Map<string, () => void>();

  static isSupported(): boolean {
    return true;
  }

  constructor() {
    FakeHls.last = this;
  }

  on(event: string, listener: () => void): void {
    this.#listeners.set(event, listener);
  }

  once(event: string, listener: () => void): void {
    this.on(event, listener);
  }

  emit(event: string): void {
    this.#listeners.get(event)?.();
  }

  loadSource(): void {}
  attachMedia(): void {}
  destroy(): void {}
}
