import type { StreamStatus } from '../../server/protocol.js';

/** Often enough to be in at the beginning, rare enough for a CDN to answer 404 from its cache. */
const INTERVAL = 3000;

/** In a playlist's place: the server restarts, or waits for the publisher since it did. */
const INTERRUPTED = '';

export interface PlaylistWatchOptions {
  /** Milliseconds between two looks. Default 3000. */
  interval?: number;
  fetch?: typeof fetch;
}

/**
 * Tells from its playlist alone what a stream is doing, for pages that reach a CDN and no socket: a playlist
 * that is not there is a stream that waits, one that is not there for now is interrupted, one with EXT-X-ENDLIST (RFC 8216 §4.3.3.4) is over.
 */
export class PlaylistWatch {
  #abort: AbortController | undefined;
  readonly #interval: number;
  readonly #fetch: typeof fetch;

  /**
   * @param onStatus told after every look, whether or not it changed; undefined: nothing answers there
   */
  constructor(
    private readonly onStatus: (status: StreamStatus | undefined) => void,
    options: PlaylistWatchOptions = {},
  ) {
    this.#interval = options.interval ?? INTERVAL;
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  }

  /** Whether it is looking. */
  get active(): boolean {
    return this.#abort !== undefined;
  }

  /**
   * @param playlistUrl of the multivariant playlist; asked at every look
   */
  start(playlistUrl: () => string): void {
    this.stop();
    this.#abort = new AbortController();
    void this.#run(playlistUrl, this.#abort.signal);
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = undefined;
  }

  async #run(playlistUrl: () => string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const status = await this.#look(playlistUrl(), signal);
      if (signal.aborted) return;
      this.onStatus(status);
      await wait(this.#interval, signal);
    }
  }

  async #look(playlistUrl: string, signal: AbortSignal): Promise<StreamStatus | undefined> {
    try {
      const playlist = await this.#text(playlistUrl, signal);
      if (playlist === INTERRUPTED) return 'reconnecting';
      const variant = playlist && firstVariant(playlist);
      const media = variant ? await this.#text(new URL(variant, playlistUrl).href, signal) : playlist;
      if (!media) return 'waiting';
      return /^#EXT-X-ENDLIST\s*$/m.test(media) ? 'ended' : 'live';
    } catch {
      return undefined;
    }
  }

  /** Undefined where the server answers that it has none. */
  async #text(url: string, signal: AbortSignal): Promise<string | undefined> {
    const response = await this.#fetch(url, { signal, cache: 'no-cache', credentials: 'same-origin' });
    if (response.status === 503) return INTERRUPTED;
    return response.ok ? response.text() : undefined;
  }
}

/** The URI after the first EXT-X-STREAM-INF (RFC 8216 §4.3.4.2); undefined in a media playlist. */
function firstVariant(playlist: string): string | undefined {
  const lines = playlist.split(/\r?\n/);
  const tag = lines.findIndex((line) => line.startsWith('#EXT-X-STREAM-INF'));
  return tag < 0 ? undefined : lines.slice(tag + 1).find((line) => line !== '' && !line.startsWith('#'));
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}
