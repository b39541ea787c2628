import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { createDebugLog, type DebugLog } from '../debug.js';
import { LivedropError } from '../errors.js';
import { HeadStart } from '../media/head-start.js';
import { LivePlayback } from '../media/live-playback.js';
import { PlayState } from '../media/play-state.js';
import { TypedEventTarget } from './typed-event-target.js';
import type {
  LatencyReading,
  VideoElementEvents,
  VideoElementOptions,
  VideoTransport,
} from './video-element-types.js';

export type * from './video-element-types.js';

const LATENCY_INTERVAL = 1000;

/** What shows at the live edge, seconds behind it at most. */
const LIVE_EDGE_TOLERANCE = 5;

/** Who seeks to so near to the edge, seconds, wants to stay there. */
const NEAR_EDGE = 1;

/** A longer latency, seconds, is a wrong clock. */
const MAX_LATENCY = 3600;

/**
 * State and controls of a video element that shows a MediaStream, or a live playlist near its edge.
 *
 * A playlist that is missing, breaks or stalls is tried again until `unload`. Playback goes on where the host
 * leaves the document and returns.
 */
export class VideoElementController
  extends TypedEventTarget<VideoElementEvents>
  implements ReactiveController
{
  readonly #host: ReactiveControllerHost;
  readonly #options: VideoElementOptions;
  readonly #debug: DebugLog;
  readonly #state: PlayState;

  #isHostConnected = false;
  #video: HTMLVideoElement | undefined;
  #playback: LivePlayback | undefined;
  #latencyTimer: ReturnType<typeof setInterval> | undefined;
  #url: string | undefined;
  /** While there is no video element. */
  #headStart: HeadStart | undefined;
  #stream: MediaStream | null = null;
  #error: LivedropError | undefined;

  constructor(host: ReactiveControllerHost, options: VideoElementOptions) {
    super();
    this.#host = host;
    this.#options = options;
    this.#debug = createDebugLog(options.debug);
    this.#state = new PlayState({
      isLoaded: () => this.#stream !== null || this.#url !== undefined,
      onEvent: (type) => this.dispatchEvent(new Event(type)),
      onChange: () => this.#changed(),
      onTime: () => host.requestUpdate(),
      onDebug: (message) => this.#debug('playback', message),
    });
    host.addController(this);
  }

  /** It plays, and there is something to see. */
  get playing(): boolean {
    return this.#state.playing;
  }

  get paused(): boolean {
    return this.#state.paused;
  }

  get muted(): boolean {
    return this.#state.muted;
  }

  /** 0 to 1. */
  get volume(): number {
    return this.#video?.volume ?? 1;
  }

  /** Seconds. */
  get currentTime(): number {
    return this.#video?.currentTime ?? 0;
  }

  /** Seconds; Infinity for a live stream, 0 where nothing is loaded. */
  get duration(): number {
    const duration = this.#video?.duration ?? 0;
    return Number.isNaN(duration) ? 0 : duration;
  }

  /** It is to play, and has no data. */
  get buffering(): boolean {
    return this.#state.buffering;
  }

  /** The playlist ended and everything was played. */
  get ended(): boolean {
    return this.#state.ended;
  }

  /** The browser's policy wants a click first: show a play button. */
  get autoplayBlocked(): boolean {
    return this.#state.autoplayBlocked;
  }

  /** Muted by the browser's policy, not by wish: show an unmute button. */
  get mutedByPolicy(): boolean {
    return this.#state.mutedByPolicy;
  }

  get atLiveEdge(): boolean {
    if (!this.#playback) return this.#stream !== null;
    return this.#playback.isFollowing && (this.edgeLatency ?? 0) < LIVE_EDGE_TOLERANCE;
  }

  /**
   * Seconds from capture to glass, where the stream tells when its frames were captured and the server's clock is known
   * (`serverTime`): by EXT-X-PROGRAM-DATE-TIME or `prft`. Else the same as `edgeLatency`, which is less by what happened
   * before the server had the frame. Undefined while neither is known.
   */
  get latency(): number | undefined {
    return this.#glassLatency ?? this.edgeLatency;
  }

  /** What `latency` is: from capture to glass, or from the live edge. */
  get latencySource(): 'capture' | 'edge' | undefined {
    if (this.#glassLatency !== undefined) return 'capture';
    return this.edgeLatency === undefined ? undefined : 'edge';
  }

  /** Behind the end of what the server offers, seconds; undefined while it is not known. */
  get edgeLatency(): number | undefined {
    return this.#playback?.edgeLatency;
  }

  /** A picture was shown since `load` or `attachStream`. */
  get hasFrame(): boolean {
    return this.#state.hasFrame;
  }

  /** undefined again when it plays. */
  get error(): LivedropError | undefined {
    return this.#error;
  }

  get transport(): VideoTransport | undefined {
    return this.#playback?.transport ?? (this.#stream ? 'stream' : undefined);
  }

  hostConnected(): void {
    this.#isHostConnected = true;
    this.#adopt();
  }

  hostUpdated(): void {
    this.#adopt();
    // It is in what was rendered, or nobody knows when it will be.
    this.#endHeadStart();
  }

  hostDisconnected(): void {
    this.#isHostConnected = false;
    // Moving an element disconnects and connects it in one go.
    queueMicrotask(() => {
      if (!this.#isHostConnected) this.#release();
    });
  }

  /** Resolves when it plays, or the browser's policy refused: see `autoplayBlocked` and `mutedByPolicy`. */
  async play(): Promise<void> {
    await this.#state.play();
  }

  pause(): void {
    this.#state.pause();
  }

  async togglePlay(): Promise<void> {
    if (this.paused) await this.play();
    else this.pause();
  }

  /** @param volume 0 to 1; anything above 0 also unmutes */
  setVolume(volume: number): void {
    if (!this.#video) return;
    this.#video.volume = Math.min(1, Math.max(0, volume));
    if (volume > 0) this.setMuted(false);
  }

  setMuted(muted: boolean): void {
    this.#state.setMuted(muted);
  }

  toggleMute(): void {
    this.setMuted(!this.muted);
  }

  /** Goes to a time, and stays there instead of at the live edge until `seekToLive`. */
  seek(time: number): void {
    if (!this.#video) return;
    if (this.#playback) {
      const edge = this.#video.currentTime + (this.edgeLatency ?? Infinity);
      if (time > edge - NEAR_EDGE && time > this.#video.currentTime) return this.seekToLive();
      this.#playback.isFollowing = false;
    }
    this.#video.currentTime = time;
    this.#changed();
  }

  seekToLive(): void {
    this.#playback?.seekToLive();
    this.#changed();
  }

  /** Shows a MediaStream instead of whatever is shown; null: nothing. Mute a preview, or it howls. */
  attachStream(stream: MediaStream | null): void {
    if (stream === this.#stream && !this.#url) return;
    this.#clear();
    this.#stream = stream;
    this.#state.wantsToPlay = stream !== null && this.#autoplay;
    this.#begin();
  }

  /** Plays a playlist from now until `unload`, trying again while it cannot. Failures are told by `error`. */
  load(playlistUrl: string): void {
    this.#clear();
    this.#url = playlistUrl;
    this.#state.wantsToPlay = this.#autoplay;
    if (!this.#video) this.#headStart = this.#startAhead(playlistUrl);
    this.#begin();
  }

  unload(): void {
    this.#clear();
    this.#changed();
  }

  get #autoplay(): boolean {
    return this.#options.autoplay?.() ?? true;
  }

  /** Takes the video element once it is rendered, or another one in its place. */
  #adopt(): void {
    const video = this.#options.video() ?? undefined;
    if (video === this.#video || !this.#isHostConnected) return;
    this.#release();
    if (!video) return;
    this.#video = video;
    this.#state.attach(video);
    this.#begin();
  }

  /** Gives the video element back; what is loaded is remembered. */
  #release(): void {
    this.#detach();
    this.#state.release();
    this.#video = undefined;
  }

  #begin(): void {
    const video = this.#video;
    if (!video) return;
    if (this.#stream) video.srcObject = this.#stream;
    else if (this.#url !== undefined) this.#startPlayback(video, this.#url);
    this.#state.resume();
    this.#changed();
  }

  #startPlayback(video: HTMLVideoElement, url: string): void {
    const events = {
      onError: (error: LivedropError | undefined) => this.#fail(error),
      onDebug: (message: string, detail?: unknown) => this.#debug('playback', message, detail),
      onFallback: (reason: string) => {
        this.#debug('playback', `instant falls back to low latency: ${reason}`);
        this.dispatchEvent(new CustomEvent('fallback', { detail: { reason } }));
      },
    };
    const { latency, latencyMode, health, showTimeout, token, onTokenKept } = this.#options;
    const asked = { latency: latency?.(), mode: latencyMode?.(), health: health?.() };
    const headStart = this.#headStart;
    this.#headStart = undefined;
    try {
      this.#playback = new LivePlayback(video, url, events, {
        ...asked,
        showTimeout,
        token,
        onTokenKept,
        headStart,
      });
    } catch (cause) {
      return this.#fail(new LivedropError('UNSUPPORTED_BROWSER', (cause as Error).message, { cause }));
    }
    this.#debug('playback', `loading ${url}`, { transport: this.#playback.transport });
    this.#latencyTimer = setInterval(() => this.#tellLatency(), LATENCY_INTERVAL);
  }

  #startAhead(url: string): HeadStart {
    const { latencyMode, token } = this.#options;
    return new HeadStart(url, latencyMode?.() === 'instant', token?.());
  }

  #endHeadStart(): void {
    this.#headStart?.close();
    this.#headStart = undefined;
  }

  #clear(): void {
    this.#detach();
    this.#endHeadStart();
    this.#url = undefined;
    this.#stream = null;
    this.#state.forget();
    this.#error = undefined;
  }

  #detach(): void {
    clearInterval(this.#latencyTimer);
    this.#playback?.close();
    this.#playback = undefined;
    if (this.#stream && this.#video) this.#video.srcObject = null;
    this.#state.reset();
  }

  get #glassLatency(): number | undefined {
    const shownAt = this.#playback?.shownAt;
    const time = this.#options.serverTime?.();
    if (shownAt === undefined || time === undefined) return undefined;
    const latency = (time - shownAt) / 1000;
    return latency > 0 && latency < MAX_LATENCY ? latency : undefined;
  }

  #tellLatency(): void {
    if (!this.#playback || this.paused) return;
    const { target, transport } = this.#playback;
    const rate = this.#video?.playbackRate ?? 1;
    const detail: LatencyReading = { latency: this.latency, target, rate, transport };
    this.dispatchEvent(new CustomEvent('latencychange', { detail }));
    this.#host.requestUpdate();
  }

  #changed(): void {
    this.dispatchEvent(new Event('statechange'));
    this.#host.requestUpdate();
  }

  #fail(error: LivedropError | undefined): void {
    if (!error && !this.#error) return;
    this.#error = error;
    if (error) {
      this.#debug('error', `${error.code}: ${error.message}`, error);
      this.dispatchEvent(new CustomEvent('error', { detail: { error } }));
    }
    this.#changed();
  }
}
