import { hlsSupport } from './capabilities.js';
import { HlsPlayback } from './hls-playback.js';
import { InstantPlayback, type InstantPlaybackOptions } from './instant-playback.js';
import { canPlayInstantly } from './instant-url.js';
import { NativePlayback } from './native-playback.js';
import type { Playback, PlaybackEvents } from './playback.js';

/**
 * How a live stream is played: `low`: low-latency HLS, about half a second behind, over any network and CDN;
 * `instant`: one endless response straight from the server, a few frames behind.
 */
export type LatencyMode = 'low' | 'instant';

export interface LivePlaybackOptions extends InstantPlaybackOptions {
  /** @default 'low' */
  mode?: LatencyMode | undefined;
}

/** Plays a live stream in the way that was asked for, or in the next best where that does not serve. */
export class LivePlayback implements Playback {
  readonly #video: HTMLVideoElement;
  readonly #url: string;
  readonly #events: PlaybackEvents;
  readonly #options: LivePlaybackOptions;
  #current: Playback;
  /** Begins, and takes the video element when it has something to show. */
  #next: Playback | undefined;

  /** @throws Error where the browser plays neither */
  constructor(
    video: HTMLVideoElement,
    url: string,
    events: PlaybackEvents,
    options: LivePlaybackOptions = {},
  ) {
    this.#video = video;
    this.#url = url;
    this.#events = events;
    this.#options = options;
    this.#current =
      options.mode === 'instant' && canPlayInstantly()
        ? new InstantPlayback(
            video,
            url,
            { ...events, onFallback: (reason) => this.#fallBack(reason) },
            options,
          )
        : this.#hls();
  }

  get transport(): Playback['transport'] {
    return this.#current.transport;
  }

  get edgeLatency(): number | undefined {
    return this.#current.edgeLatency;
  }

  get shownAt(): number | undefined {
    return this.#current.shownAt;
  }

  get target(): number | undefined {
    return this.#current.target;
  }

  get isFollowing(): boolean {
    return this.#current.isFollowing;
  }

  set isFollowing(isFollowing: boolean) {
    this.#current.isFollowing = isFollowing;
  }

  seekToLive(): void {
    this.#current.seekToLive();
  }

  close(): void {
    this.#next?.close();
    this.#next = undefined;
    this.#current.close();
  }

  #hls(onTake?: () => void): Playback {
    const options = { ...this.#options, ...(onTake ? { onTake } : {}) };
    const support = hlsSupport(this.#video);
    if (support === 'mse') return new HlsPlayback(this.#video, this.#url, this.#events, options);
    if (support === 'native') return new NativePlayback(this.#video, this.#url, this.#events, options);
    throw new Error('This browser cannot play live streams (no Media Source Extensions).');
  }

  /** What still plays goes on until there is something to take its place. */
  #fallBack(reason: string): void {
    if (this.#next) return;
    this.#events.onFallback(reason);
    this.#next = this.#hls(() => this.#takeOver());
  }

  #takeOver(): void {
    const { isFollowing } = this.#current;
    this.#current.close();
    if (this.#next) this.#current = this.#next;
    this.#next = undefined;
    this.#current.isFollowing = isFollowing;
  }
}
