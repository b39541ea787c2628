import { CaptureTimes } from './capture-times.js';
import { instantUrl } from './instant-url.js';
import { INSTANT_HEALTH_DEFAULTS, InstantHealth, type InstantHealthOptions } from './instant-health.js';
import { INSTANT_LATENCY_DEFAULTS } from './latency.js';
import { LiveEdge } from './live-edge.js';
import { LiveMp4Source } from './live-mp4-source.js';
import { concatenate, type Mp4Fragment, type Mp4Init } from './mp4-stream.js';
import { MseSink, supportedMp4Type } from './mse-sink.js';
import type { Playback, PlaybackEvents, PlaybackOptions } from './playback.js';
import { withToken } from '../playback-token.js';
import { ShowTimeout } from './show-timeout.js';
import { watchStarvation } from './starvation.js';

/** Where playback begins, seconds from the edge: Chromium wants about so much sound before it starts. */
const JOIN_AT = 0.2;

/**
 * A response begins at a key frame, with all that came after it in one go: that is over when so long has passed, ms, where the server
 * does not say how much it is.
 */
const BURST_LIMIT = 120;

/** `HTMLMediaElement.HAVE_NOTHING`. */
const HAVE_NOTHING = 0;

/** A hole that is wider, seconds, is jumped at once instead of when the playhead gets there. */
const HOLE = 0.1;

/** Nobody plays it: more than this, seconds, need not be fetched ahead. */
const MAX_AHEAD = 10;

/** So far back, seconds, the timeline is another one: the stream was begun anew. */
const NEW_TIMELINE = 20;

/** Answers, before anything was played, that say that there is no endless MP4 here: refusals, and such as bring nothing. */
const MAX_MISSING = 3;

/** A decoder that fails twice within so many ms fails for good. */
const ERROR_INTERVAL = 5000;

export interface InstantPlaybackOptions extends PlaybackOptions {
  health?: Partial<InstantHealthOptions> | undefined;
}

/**
 * Plays a stream's endless MP4, frame by frame as it is made, by fetch and Media Source Extensions: the nearest to live.
 * Where the network does not carry it, or the server has none, `onFallback` says so.
 */
export class InstantPlayback implements Playback {
  readonly transport = 'instant';
  readonly #video: HTMLVideoElement;
  readonly #events: PlaybackEvents;
  readonly #edge: LiveEdge;
  readonly #health: InstantHealth;
  readonly #source: LiveMp4Source;
  readonly #showTimeout: ShowTimeout;
  readonly #endStarvation: () => void;
  readonly #listeners = new AbortController();
  #sink: MseSink | undefined;
  #times = new CaptureTimes();
  #codecs: string[] | undefined;
  /** The stream's time at which the video element's timeline begins, seconds. */
  #base: number | undefined;
  /** The first pieces of a response, until they are all there. */
  #burst: (Mp4Init | Mp4Fragment)[] | undefined;
  #burstTimer: ReturnType<typeof setTimeout> | undefined;
  /** Where to go when what was appended is there, on the video element's timeline. */
  #joinAt: number | undefined;
  #hasMedia = false;
  #isSuspended = false;
  #missing = 0;
  #failedAt = -Infinity;
  #hasGivenUp = false;

  constructor(
    video: HTMLVideoElement,
    playlistUrl: string,
    events: PlaybackEvents,
    options: InstantPlaybackOptions = {},
  ) {
    const url = instantUrl(playlistUrl);
    this.#video = video;
    this.#events = events;
    this.#health = new InstantHealth(options.health);
    this.#edge = new LiveEdge(video, {
      latency: { ...INSTANT_LATENCY_DEFAULTS, ...options.latency },
      jumpsHoles: true,
      onStall: () => this.#judge(this.#health.stalled(performance.now() / 1000)),
    });
    this.#showTimeout = new ShowTimeout(url, (error) => events.onError(error), options.showTimeout);
    const { headStart } = options;
    this.#source = new LiveMp4Source(
      () => withToken(url, options.token?.()),
      {
        onOpen: (codecs) => this.#opened(codecs),
        onPieces: (pieces) => this.#arrived(pieces),
        onCaughtUp: () => this.#burstEnded(),
        onMissing: (status) => this.#missed(status),
        onLost: (error) => this.#lost(error),
      },
      headStart ? { fetch: (address, request) => headStart.fetch(address, request) } : {},
    );
    this.#endStarvation = watchStarvation(video, {
      playlistUrl: () => withToken(playlistUrl, options.token?.()),
      seconds: options.health?.starved ?? INSTANT_HEALTH_DEFAULTS.starved,
      onHope: () => this.#source.isActive && this.#source.start(),
      onStarved: (reason) => this.#giveUp(reason),
    });
    const { signal } = this.#listeners;
    video.addEventListener('pause', () => this.#paused(), { signal });
    video.addEventListener('play', () => this.#resume(), { signal });
    this.#showTimeout.missing();
    this.#source.start();
    options.onTake?.();
    // Opens while the first bytes are on their way.
    this.#open();
  }

  get edgeLatency(): number | undefined {
    const end = this.#sink?.bufferedEnd;
    return end === undefined ? undefined : Math.max(0, end - this.#video.currentTime);
  }

  get shownAt(): number | undefined {
    return this.#times.at(this.#video.currentTime);
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
    this.#source.stop();
    this.#listeners.abort();
    clearTimeout(this.#burstTimer);
    this.#showTimeout.close();
    this.#endStarvation();
    this.#edge.close();
    this.#sink?.close();
    this.#sink = undefined;
  }

  /** A fresh media source, and a timeline that begins with the next fragment. */
  #open(): void {
    this.#sink?.close();
    this.#base = undefined;
    this.#joinAt = undefined;
    this.#times = new CaptureTimes();
    this.#edge.reset();
    try {
      this.#sink = new MseSink(this.#video, {
        onAppended: () => this.#appended(),
        onError: (error) => this.#sinkFailed(error),
      });
    } catch (error) {
      this.#giveUp(error instanceof Error ? error.message : String(error));
    }
  }

  #opened(codecs: string[] | undefined): void {
    this.#codecs = codecs;
    this.#health.reset();
    this.#burst = [];
    clearTimeout(this.#burstTimer);
    this.#burstTimer = setTimeout(() => this.#burstEnded(), BURST_LIMIT);
  }

  #arrived(pieces: (Mp4Init | Mp4Fragment)[]): void {
    if (!this.#burst) return this.#append(pieces);
    this.#burst.push(...pieces);
    // Its first fragment came late.
    if (!this.#burstTimer) this.#burstEnded();
  }

  #burstEnded(): void {
    const pieces = this.#burst ?? [];
    clearTimeout(this.#burstTimer);
    this.#burstTimer = undefined;
    const fragments = pieces.filter((piece): piece is Mp4Fragment => piece.kind === 'fragment');
    const first = fragments[0]?.start;
    const last = fragments.at(-1)?.start;
    if (first === undefined || last === undefined) return;
    this.#burst = undefined;
    this.#join(first, last);
    this.#append(pieces);
  }

  /** Goes on where the buffer ends, or begins anew near the end of a response's first pieces. */
  #join(first: number, last: number): void {
    if (this.#base !== undefined && first - this.#base < this.#video.currentTime - NEW_TIMELINE) this.#open();
    this.#base ??= first;
    const end = this.#sink?.bufferedEnd;
    const goesOn = end !== undefined && first - this.#base <= end + HOLE && !this.#isSuspended;
    this.#isSuspended = false;
    if (goesOn) return;
    this.#edge.reset();
    const joinAt = Math.max(first, last - JOIN_AT) - this.#base;
    const from = `${(last - first).toFixed(3)} s from the key frame on`;
    this.#events.onDebug(`joins at ${joinAt.toFixed(3)} s`, from);
    // What has no media yet begins there, and shows nothing of before.
    if (this.#video.readyState === HAVE_NOTHING) this.#video.currentTime = joinAt;
    else if (joinAt > 0) this.#joinAt = joinAt;
  }

  #append(pieces: readonly (Mp4Init | Mp4Fragment)[]): void {
    const parts: Uint8Array[] = [];
    let end: number | undefined;
    for (const piece of pieces) {
      if (piece.kind === 'init') this.#init(piece);
      else {
        parts.push(piece.bytes);
        end = piece.start ?? end;
        const { produced } = piece;
        if (produced) this.#times.add(produced.mediaTime - (this.#base ?? 0), produced.time);
      }
    }
    if (parts.length === 0) return;
    this.#sink?.append(concatenate(parts));
    this.#hasMedia = true;
    this.#showTimeout.arrived();
    if (end !== undefined) this.#judge(this.#health.arrived(performance.now() / 1000, end));
  }

  #init({ bytes, tracks }: Mp4Init): void {
    const fromInit = tracks.map(({ codec }) => codec);
    const type = supportedMp4Type(this.#codecs ?? fromInit) ?? supportedMp4Type(fromInit);
    // The response's head knows of the first only: what follows in it may be of other codecs.
    this.#codecs = undefined;
    if (type) this.#sink?.init(type, bytes, -(this.#base ?? 0));
    else this.#giveUp(`this browser plays no ${fromInit.join(' with ')} by Media Source Extensions`);
  }

  #appended(): void {
    const video = this.#video;
    this.#edge.arrived();
    if (this.#joinAt !== undefined && (this.#sink?.bufferedEnd ?? 0) >= this.#joinAt) {
      video.currentTime = this.#joinAt;
      this.#joinAt = undefined;
    }
    if (video.paused && (this.edgeLatency ?? 0) > MAX_AHEAD) this.#suspend();
  }

  #missed(status: number): void {
    const isGone = status === 404 || status === 410;
    this.#events.onDebug('nothing to play', `HTTP ${status}`);
    if (this.#hasMedia && isGone) {
      // The stream is over; where it begins again its owner loads it again.
      this.#source.stop();
      this.#sink?.end();
    } else if (!this.#hasMedia) {
      this.#missesMedia(`the server answers ${status} to live.mp4`);
    }
  }

  #lost(error: Error): void {
    this.#events.onDebug('connection lost', error.message);
    if (this.#hasMedia) return;
    // A server that is out of reach has no playlist either; one that begins an answer and holds it back may.
    if (this.#burst) this.#missesMedia(`live.mp4 brings no media (${error.message})`);
    else this.#showTimeout.missing();
    this.#burst = undefined;
  }

  #missesMedia(reason: string): void {
    this.#showTimeout.missing();
    this.#missing += 1;
    if (this.#missing >= MAX_MISSING) this.#giveUp(reason);
  }

  #sinkFailed(error: Error): void {
    this.#events.onDebug('recovering', error.message);
    const now = performance.now();
    if (now - this.#failedAt < ERROR_INTERVAL) {
      // There is nothing any more that could take it.
      this.#source.stop();
      return this.#giveUp(error.message);
    }
    this.#failedAt = now;
    this.#open();
    this.#source.start();
  }

  #judge(reason: string | undefined): void {
    if (reason !== undefined) this.#giveUp(reason);
  }

  #giveUp(reason: string): void {
    if (this.#hasGivenUp) return;
    this.#hasGivenUp = true;
    this.#endStarvation();
    this.#events.onFallback(reason);
  }

  /** A pause has no edge to keep to: what is made meanwhile need not come. */
  #paused(): void {
    if (this.#video.played.length > 0 && !this.#video.ended) this.#suspend();
  }

  #suspend(): void {
    if (!this.#source.isActive) return;
    this.#isSuspended = true;
    this.#source.stop();
    clearTimeout(this.#burstTimer);
    this.#burst = undefined;
  }

  #resume(): void {
    if (!this.#isSuspended || this.#source.isActive) return;
    this.#edge.isFollowing = true;
    this.#source.start();
  }
}
