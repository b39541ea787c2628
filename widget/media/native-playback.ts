import type { Playback, PlaybackEvents, PlaybackOptions } from './playback.js';
import { withToken } from '../playback-token.js';
import { Retry } from './retry.js';
import { ShowTimeout } from './show-timeout.js';

/** So far behind the seekable edge, seconds, it jumps: the browser itself only ever falls back. */
const SEEK_BEYOND = 15;

/** Plays a playlist with the browser's own HLS, which keeps its own distance to the edge. */
export class NativePlayback implements Playback {
  readonly transport = 'native';
  readonly target = undefined;
  isFollowing = true;
  readonly #video: HTMLVideoElement;
  readonly #url: string;
  readonly #events: PlaybackEvents;
  readonly #token: () => string | undefined;
  readonly #onTokenKept: PlaybackOptions['onTokenKept'];
  readonly #retry = new Retry({ initialDelay: 0.5, maxDelay: 3 });
  readonly #showTimeout: ShowTimeout;
  readonly #listeners = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(video: HTMLVideoElement, url: string, events: PlaybackEvents, options: PlaybackOptions = {}) {
    this.#video = video;
    this.#url = url;
    this.#events = events;
    this.#token = options.token ?? (() => undefined);
    this.#onTokenKept = options.onTokenKept;
    this.#showTimeout = new ShowTimeout(url, (error) => events.onError(error), options.showTimeout);
    const { signal } = this.#listeners;
    video.addEventListener('error', () => this.#failed(), { signal });
    video.addEventListener('playing', () => this.#playing(), { signal });
    video.addEventListener('timeupdate', () => this.#keepUp(), { signal });
    options.onTake?.();
    this.#load();
  }

  get edgeLatency(): number | undefined {
    const end = this.#seekableEnd;
    return end === undefined ? undefined : Math.max(0, end - this.#video.currentTime);
  }

  /** By EXT-X-PROGRAM-DATE-TIME, which WebKit tells as the date of the timeline's beginning. */
  get shownAt(): number | undefined {
    const video = this.#video as HTMLVideoElement & { getStartDate?(): Date };
    const start = video.getStartDate?.().getTime();
    return start === undefined || Number.isNaN(start) ? undefined : start + video.currentTime * 1000;
  }

  seekToLive(): void {
    const end = this.#seekableEnd;
    if (end !== undefined) this.#video.currentTime = end;
    this.isFollowing = true;
  }

  close(): void {
    this.#listeners.abort();
    clearTimeout(this.#timer);
    this.#showTimeout.close();
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  get #seekableEnd(): number | undefined {
    const { seekable } = this.#video;
    return seekable.length > 0 ? seekable.end(seekable.length - 1) : undefined;
  }

  #load(): void {
    this.#showTimeout.missing();
    // It keeps this one for all that the playlist names: the socket tells the server of newer ones.
    const token = this.#token();
    this.#video.src = withToken(this.#url, token);
    this.#onTokenKept?.(token);
  }

  #failed(): void {
    this.#events.onDebug('failed', this.#video.error?.message);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), (this.#retry.next() ?? 0) * 1000);
  }

  #playing(): void {
    this.#retry.reset();
    this.#showTimeout.arrived();
  }

  #keepUp(): void {
    if (this.isFollowing && !this.#video.seeking && (this.edgeLatency ?? 0) > SEEK_BEYOND) this.seekToLive();
  }
}
