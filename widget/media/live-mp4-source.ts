import { Mp4Stream, type Mp4Fragment, type Mp4Init } from './mp4-stream.js';
import { Retry, type RetryOptions } from './retry.js';
import { wait } from '../wait.js';

/** A response that says nothing for so long, seconds, is dead: a network may be gone without a word. */
const SILENCE = 5;

/** So many bytes of a response are there when it begins; a page of another origin sees it too. */
const BACKLOG_HEADER = 'Livedrop-Backlog';

const RETRY: Partial<RetryOptions> = { initialDelay: 0.3, maxDelay: 3 };

export interface LiveMp4SourceOptions {
  /** Seconds without a byte until it asks again. @default 5 */
  silence?: number | undefined;
  retry?: Partial<RetryOptions>;
  fetch?: (url: string, request: RequestInit) => Promise<Response>;
}

export interface LiveMp4SourceEvents {
  /** A response begins. @param codecs of its Content-Type (RFC 6381); undefined where it tells none */
  onOpen(codecs: string[] | undefined): void;
  /** What arrived is complete. */
  onPieces(pieces: (Mp4Init | Mp4Fragment)[]): void;
  /** All is there that was made before the response began, where the server says how much that is. */
  onCaughtUp(): void;
  /** The server has no such stream, or refuses; it is asked again. @param status of HTTP */
  onMissing(status: number): void;
  /** The connection broke, or its bytes are no MP4; it is asked again. */
  onLost(error: Error): void;
}

/**
 * One stream's endless MP4, asked for again whenever it ends: the server ends a response where a new init segment
 * begins, networks end it at any time.
 */
export class LiveMp4Source {
  readonly #url: () => string;
  readonly #events: LiveMp4SourceEvents;
  readonly #silence: number;
  readonly #retry: Retry;
  readonly #fetch: NonNullable<LiveMp4SourceOptions['fetch']>;
  #abort: AbortController | undefined;

  /** @param url asked at every request */
  constructor(url: () => string, events: LiveMp4SourceEvents, options: LiveMp4SourceOptions = {}) {
    this.#url = url;
    this.#events = events;
    this.#silence = (options.silence ?? SILENCE) * 1000;
    this.#retry = new Retry(options.retry ?? RETRY);
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  }

  get isActive(): boolean {
    return this.#abort !== undefined;
  }

  start(): void {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    this.#retry.reset();
    void this.#run(abort.signal);
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isOver = await this.#respond(signal);
      if (signal.aborted) return;
      // Where one response is over the next is there: a wait would be seen.
      if (!isOver) await wait((this.#retry.next() ?? 0) * 1000, signal);
    }
  }

  /** @returns whether media came, to the end of the response */
  async #respond(signal: AbortSignal): Promise<boolean> {
    const silence = new AbortController();
    const abort = (): void => silence.abort();
    signal.addEventListener('abort', abort);
    let timer = setTimeout(abort, this.#silence);
    let hadMedia = false;
    try {
      const response = await this.#fetch(this.#url(), {
        signal: silence.signal,
        cache: 'no-store',
        // An app that the server is mounted in may go by its own cookies.
        credentials: 'same-origin',
      });
      if (signal.aborted) return false;
      if (!response.ok || !response.body) {
        await response.body?.cancel();
        this.#events.onMissing(response.status);
        return false;
      }
      this.#events.onOpen(codecsOf(response.headers.get('content-type')));
      const stream = new Mp4Stream();
      /** Bytes; NaN: nobody knows. */
      let backlog = parseInt(response.headers.get(BACKLOG_HEADER) ?? '', 10);
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        clearTimeout(timer);
        if (signal.aborted || done) return hadMedia;
        timer = setTimeout(abort, this.#silence);
        const pieces = stream.push(value);
        if (!hadMedia && pieces.some(({ kind }) => kind === 'fragment')) {
          hadMedia = true;
          this.#retry.reset();
        }
        if (pieces.length > 0) this.#events.onPieces(pieces);
        const isBehind = backlog > 0;
        backlog -= value.length;
        if (isBehind && backlog <= 0) this.#events.onCaughtUp();
      }
    } catch (error) {
      if (!signal.aborted) this.#events.onLost(error instanceof Error ? error : new Error(String(error)));
      return false;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      // A response that was left in the middle would go on for ever.
      silence.abort();
    }
  }
}

/** The codecs parameter of a Content-Type (RFC 6381 §3.2). */
function codecsOf(contentType: string | null): string[] | undefined {
  const [, list] = /;\s*codecs\s*=\s*"([^"]+)"/i.exec(contentType ?? '') ?? [];
  return list?.split(',').map((codec) => codec.trim());
}
