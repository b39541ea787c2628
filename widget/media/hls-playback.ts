import type Hls from 'hls.js';
import type { ErrorData } from 'hls.js';
import { LivedropError } from '../errors.js';
import { BackBuffer } from './back-buffer.js';
import { HLS_CONFIG } from './hls-config.js';
import { LiveEdge, type PlaylistEdge } from './live-edge.js';
import { LiveWindow } from './live-window.js';
import { playlistFor } from './playlist-for.js';
import { PlaylistPrefetch, prefetchedLoader, type PlaylistLoader } from './playlist-prefetch.js';
import { withNewestToken, withToken } from '../playback-token.js';
import type { Playback, PlaybackEvents, PlaybackOptions } from './playback.js';
import { Retry, type RetryOptions } from './retry.js';
import { ShowTimeout } from './show-timeout.js';

/** A stream may begin at any moment: asked for often, and the answer 404 is small. */
const RETRY: Partial<RetryOptions> = { initialDelay: 0.5, maxDelay: 3 };

/** A decoder that fails twice within so many ms is not helped by being reset. */
const MEDIA_ERROR_INTERVAL = 5000;

/** A live playlist that has not grown for so long, seconds, nor for so many pieces' durations, is late. */
const OVERDUE = 1;
const OVERDUE_PIECES = 3;

/** Plays a playlist through Media Source Extensions with hls.js, loaded on first use. */
export class HlsPlayback implements Playback {
  readonly transport = 'hls';
  readonly #video: HTMLVideoElement;
  readonly #url: string;
  readonly #events: PlaybackEvents;
  readonly #token: () => string | undefined;
  readonly #edge: LiveEdge;
  readonly #retry = new Retry(RETRY);
  readonly #showTimeout: ShowTimeout;
  #hls: Hls | undefined;
  /** Which has the video element. */
  #attached: Hls | undefined;
  /** Once: what is loaded anew already has the element. */
  #onTake: (() => void) | undefined;
  /** For the first time alone: afterwards hls.js is there, and asks itself. */
  #prefetch: PlaylistPrefetch | undefined;
  #isClosed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #mediaErrorAt = -Infinity;

  constructor(video: HTMLVideoElement, url: string, events: PlaybackEvents, options: PlaybackOptions = {}) {
    this.#video = video;
    this.#url = playlistFor(url);
    this.#events = events;
    this.#token = options.token ?? (() => undefined);
    this.#onTake = options.onTake;
    this.#edge = new LiveEdge(video, {
      latency: options.latency,
      playlist: () => this.#playlistEdge,
      // Two that set the rate of one element undo each other's, and this one does not know of who looks back.
      waits: !!this.#onTake,
    });
    this.#showTimeout = new ShowTimeout(url, (error) => events.onError(error), options.showTimeout);
    const first = withToken(this.#url, this.#token());
    this.#prefetch = options.headStart?.takePlaylists(first) ?? new PlaylistPrefetch(first);
    void this.#open();
  }

  get edgeLatency(): number | undefined {
    return this.#hls?.latestLevelDetails ? this.#hls.latency : undefined;
  }

  /** By EXT-X-PROGRAM-DATE-TIME. */
  get shownAt(): number | undefined {
    return this.#hls?.playingDate?.getTime();
  }

  get target(): number {
    return this.#edge.target;
  }

  get isFollowing(): boolean {
    return this.#edge.isFollowing;
  }

  set isFollowing(isFollowing: boolean) {
    this.#edge.isFollowing = isFollowing;
  }

  seekToLive(): void {
    this.#edge.seekToLive();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#prefetch?.close();
    this.#showTimeout.close();
    this.#edge.close();
    this.#hls?.destroy();
    this.#attached?.destroy();
    this.#hls = undefined;
    this.#attached = undefined;
  }

  get #playlistEdge(): PlaylistEdge {
    const details = this.#hls?.latestLevelDetails;
    const pieceDuration = details?.partTarget || details?.targetduration || 0;
    const isGrowing = !!details && details.age < Math.max(OVERDUE, OVERDUE_PIECES * pieceDuration);
    return {
      // One that does not grow either is no sign that loading is stuck: the network, or the server, is away.
      end: isGrowing ? details.edge : undefined,
      start: this.#hls?.liveSyncPosition ?? undefined,
      pieceDuration,
    };
  }

  async #open(): Promise<void> {
    this.#showTimeout.missing();
    try {
      const { default: HlsLight } = await import('hls.js/light');
      if (this.#isClosed) return;
      if (!HlsLight.isSupported()) throw new Error('Media Source Extensions without H.264');
      this.#start(HlsLight);
    } catch (cause) {
      if (this.#isClosed) return;
      const message = `The player could not be loaded: ${String(cause)}`;
      this.#events.onError(new LivedropError('MEDIA_ERROR', message, { cause }));
      this.#again();
    }
  }

  #start(HlsLight: typeof Hls): void {
    if (this.#hls !== this.#attached) this.#hls?.destroy();
    const hls = new HlsLight({
      ...HLS_CONFIG,
      ...(this.#prefetch && {
        pLoader: prefetchedLoader(HlsLight.DefaultConfig.loader as PlaylistLoader, this.#prefetch),
      }),
      // What a playlist names has the token that the playlist was asked for with.
      xhrSetup: (xhr, url) => xhr.open('GET', withNewestToken(url, this.#token()), true),
    });
    this.#hls = hls;
    this.#prefetch = undefined;
    const { Events, ErrorTypes } = HlsLight;
    hls.on(Events.ERROR, (_event, data) => this.#failed(hls, data, data.type === ErrorTypes.MEDIA_ERROR));
    // One that was given up may still have something under way.
    hls.on(Events.FRAG_BUFFERED, () => hls === this.#hls && this.#arrived());
    hls.on(Events.BUFFER_APPENDED, () => hls === this.#hls && this.#edge.arrived());
    new BackBuffer(this.#video, hls, Events);
    new LiveWindow(this.#video, hls, Events);
    this.#edge.reset();
    // The element is left alone while there is nothing to play.
    hls.once(Events.MANIFEST_PARSED, () => {
      if (this.#onTake) {
        this.#onTake();
        this.#edge.start();
        this.#onTake = undefined;
      }
      // The last picture stands until there is something to take its place.
      this.#attached?.destroy();
      this.#attached = hls;
      hls.attachMedia(this.#video);
    });
    hls.loadSource(withToken(this.#url, this.#token()));
  }

  #arrived(): void {
    this.#retry.reset();
    this.#showTimeout.arrived();
  }

  #failed(hls: Hls, data: ErrorData, isMediaError: boolean): void {
    if (this.#hls !== hls) return;
    this.#events.onDebug(data.fatal ? 'failed' : 'recovering', `${data.details}: ${data.error.message}`);
    if (!data.fatal) return;
    const now = performance.now();
    // One without the element has nothing to recover.
    if (isMediaError && hls === this.#attached && now - this.#mediaErrorAt > MEDIA_ERROR_INTERVAL) {
      this.#mediaErrorAt = now;
      hls.recoverMediaError();
      return;
    }
    this.#again();
  }

  /** Not there yet, gone, or broken: from the beginning, after a while. */
  #again(): void {
    this.#showTimeout.missing();
    this.#hls?.stopLoad();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#open(), (this.#retry.next() ?? 0) * 1000);
  }
}
