import { playByPolicy } from './autoplay.js';

/** What {@link PlayState} asks and tells. */
export interface PlayStateOptions {
  /** Whether the video element was given anything to play. */
  isLoaded(): boolean;
  onEvent(type: 'playing' | 'pause' | 'waiting' | 'ended'): void;
  /** Anything but time and duration changed. */
  onChange(): void;
  onTime(): void;
  onDebug(message: string): void;
}

/** What plays and has not moved for so long, ms, waits: Firefox stays before the end of some streams, and tells nothing. */
const STANDSTILL = 2000;

/** Whether a video element is to play, may, and does: the person's wish, the browser's policy, and what the element tells. */
export class PlayState {
  readonly #options: PlayStateOptions;

  /** The person's or page's wish, which outlives what is loaded. */
  wantsToPlay = false;
  #video: HTMLVideoElement | undefined;
  #listeners: AbortController | undefined;
  #isWaiting = false;
  #position = 0;
  #standTimer: ReturnType<typeof setTimeout> | undefined;
  #hasFrame = false;
  /** Since the last load. */
  #hasPlayed = false;
  #autoplayBlocked = false;
  #mutedByPolicy = false;

  constructor(options: PlayStateOptions) {
    this.#options = options;
  }

  /** It plays, and there is something to see. */
  get playing(): boolean {
    return !this.paused && !this.ended && !this.#isWaiting && this.#hasFrame;
  }

  get paused(): boolean {
    return this.#video?.paused ?? true;
  }

  get ended(): boolean {
    return this.#video?.ended ?? false;
  }

  get muted(): boolean {
    return this.#video?.muted ?? false;
  }

  /** It is to play, and has no data. */
  get buffering(): boolean {
    return this.wantsToPlay && !this.#autoplayBlocked && !this.ended && (this.#isWaiting || !this.#hasFrame);
  }

  /** A picture was shown since the last load. */
  get hasFrame(): boolean {
    return this.#hasFrame;
  }

  /** The browser's policy wants a click first. */
  get autoplayBlocked(): boolean {
    return this.#autoplayBlocked;
  }

  /** Muted by the browser's policy, not by wish. */
  get mutedByPolicy(): boolean {
    return this.#mutedByPolicy && this.muted;
  }

  /** Listens to a video element, until `release`. */
  attach(video: HTMLVideoElement): void {
    this.#video = video;
    this.#listeners = new AbortController();
    this.#listen(video, this.#listeners.signal);
  }

  release(): void {
    this.#listeners?.abort();
    clearTimeout(this.#standTimer);
    this.#video = undefined;
  }

  /** Resolves when it plays, or the browser's policy refused. */
  async play(): Promise<void> {
    this.wantsToPlay = true;
    await this.#play();
  }

  pause(): void {
    this.wantsToPlay = false;
    this.#video?.pause();
    this.#options.onChange();
  }

  /** Plays what was just loaded, if that is the wish. */
  resume(): void {
    if (this.wantsToPlay) void this.#play();
  }

  setMuted(muted: boolean): void {
    this.#mutedByPolicy = false;
    if (this.#video) this.#video.muted = muted;
  }

  /** The media was taken away. */
  reset(): void {
    this.#hasFrame = false;
    this.#hasPlayed = false;
    this.#isWaiting = false;
  }

  /** So was the wish to see it. */
  forget(): void {
    this.wantsToPlay = false;
    this.#autoplayBlocked = false;
  }

  async #play(): Promise<void> {
    const video = this.#video;
    if (!video || !this.#options.isLoaded()) return;
    const result = await playByPolicy(video);
    if (video !== this.#video || result === 'interrupted') return;
    this.#autoplayBlocked = result === 'blocked';
    if (result === 'muted') this.#mutedByPolicy = true;
    if (result !== 'playing') this.#options.onDebug(`autoplay ${result}`);
    this.#options.onChange();
  }

  #listen(video: HTMLVideoElement, signal: AbortSignal): void {
    const on = <Type extends string>(types: readonly Type[], listener: (type: Type) => void): void => {
      for (const type of types) video.addEventListener(type, () => listener(type), { signal });
    };
    on(['playing'], () => this.#plays());
    on(['timeupdate'], () => {
      if (video.currentTime === this.#position) return;
      this.#moved(video);
      // Some browsers go on without telling.
      if (!this.#isWaiting || video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) return;
      this.#plays();
      this.#options.onChange();
    });
    on(['waiting'], () => {
      this.#isWaiting = true;
    });
    on(['loadeddata'], () => {
      this.#hasFrame = true;
    });
    on(['pause'], () => {
      // Also by the browser's own controls and keys; but a stream that ends pauses by itself, and an event may be late.
      if (this.#hasPlayed && video.paused && !video.ended) this.wantsToPlay = false;
    });
    // Loading pauses, and so does WebKit where the metadata tell of sound that its policy forbids: what was to play has
    // to be told again. Not only when it can play: hls.js leaves a paused element alone in front of a hole.
    on(['loadedmetadata', 'pause', 'canplay'], () => {
      const isTold = this.#hasPlayed || !video.paused || this.#autoplayBlocked;
      if (this.wantsToPlay && !isTold && video.readyState > HTMLMediaElement.HAVE_NOTHING) void this.#play();
    });
    on(['emptied'], () => {
      this.#hasPlayed = false;
    });
    on(['playing', 'pause', 'waiting', 'ended'], (type) => this.#options.onEvent(type));
    on(
      ['play', 'playing', 'pause', 'waiting', 'ended', 'loadeddata', 'emptied', 'volumechange', 'seeked'],
      () => this.#options.onChange(),
    );
    on(['timeupdate', 'durationchange'], () => this.#options.onTime());
  }

  #moved(video: HTMLVideoElement): void {
    this.#position = video.currentTime;
    clearTimeout(this.#standTimer);
    this.#standTimer = setTimeout(() => {
      // The event may be late that tells of a move.
      if (video.currentTime !== this.#position || video.paused || video.ended) return;
      this.#isWaiting = true;
      this.#options.onChange();
    }, STANDSTILL);
  }

  #plays(): void {
    this.#hasPlayed = true;
    this.#autoplayBlocked = false;
    this.#isWaiting = false;
  }
}
