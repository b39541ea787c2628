import type { StreamStatus } from '../../server/protocol.js';
import { wait } from '../wait.js';

/** Often enough to be in at the beginning, rare enough for a CDN to answer 404 from its cache. */
const INTERVAL = 3000;

/** What it may find: a stream's status; `unauthorized`: it is not for who asks, or not any more; undefined: nothing answers. */
export type PlaylistFinding = StreamStatus | 'unauthorized' | undefined;

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
   * @param onStatus told after every look, whether or not it changed
   */
  constructor(
    private readonly onStatus: (status: PlaylistFinding) => void,
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

  async #look(playlistUrl: string, signal: AbortSignal): Promise<PlaylistFinding> {
    try {
      const playlist = await this.#ask(playlistUrl, signal);
      if (!playlist.ok) return statusOf(playlist);
      const text = await playlist.text();
      const variant = firstVariant(text);
      if (!variant) return statusIn(text);
      const media = await this.#ask(new URL(variant, playlistUrl).href, signal);
      return media.ok ? statusIn(await media.text()) : statusOf(media);
    } catch {
      return undefined;
    }
  }

  #ask(url: string, signal: AbortSignal): Promise<Response> {
    return this.#fetch(url, { signal, cache: 'no-cache', credentials: 'same-origin' });
  }
}

/** Of a stream whose playlist the server does not give. */
function statusOf({ status }: Response): PlaylistFinding {
  if (status === 401 || status === 403) return 'unauthorized';
  // The server restarts, or waits for the publisher since it did.
  return status === 503 ? 'reconnecting' : 'waiting';
}

/** Of a stream with this media playlist. */
function statusIn(media: string): StreamStatus {
  if (media === '') return 'waiting';
  return /^#EXT-X-ENDLIST\s*$/m.test(media) ? 'ended' : 'live';
}

/** The URI after the first EXT-X-STREAM-INF (RFC 8216 §4.3.4.2); undefined in a media playlist. */
function firstVariant(playlist: string): string | undefined {
  const lines = playlist.split(/\r?\n/);
  const tag = lines.findIndex((line) => line.startsWith('#EXT-X-STREAM-INF'));
  return tag < 0 ? undefined : lines.slice(tag + 1).find((line) => line !== '' && !line.startsWith('#'));
}
