import { LatencyControl, type LatencyOptions } from './latency.js';
import { StuckLoading } from './stuck-loading.js';

/** Between decisions, ms: several per part. */
const INTERVAL = 50;

/** A timer later than this, ms, means that the page slept: what it saw before says nothing. */
const SLEPT = 2500;

/** What the playlist says; media time, seconds. */
export interface PlaylistEdge {
  /** End of what it offers. */
  end: number | undefined;
  /** Where to start playing it. */
  start: number | undefined;
  /** Of what is loaded at a time, a part or a segment. */
  pieceDuration: number;
}

/** A seek to what is buffered that takes longer, ms, is lost. */
const SEEK_PATIENCE = 1500;

/** What has to be buffered after a seek's target for it to end, seconds; and where the seek after a lost one goes. */
const SEEK_MARGIN = 0.5;

/** So near to the end of a range, seconds, a playhead has played it. */
const HOLE_TOLERANCE = 0.1;

/** So many looks have to find it starved: a browser that is about to begin is not. */
const HOLE_PATIENCE = 3;

export interface LiveEdgeOptions {
  latency?: Partial<LatencyOptions> | undefined;
  /** Where media comes from a playlist: what that says, so that loading which is stuck is noticed. */
  playlist?: () => PlaylistEdge;
  /** Leaves the video element alone until `start()`: something else has it. */
  waits?: boolean;
  /** Goes over a hole in the buffer, where nobody else does. */
  jumpsHoles?: boolean;
  /** Playback ran dry. */
  onStall?: () => void;
}

/** Keeps a playing video element near the end of what is buffered, by playback rate and, from afar, by seeking. */
export class LiveEdge {
  readonly #video: HTMLVideoElement;
  readonly #options: LiveEdgeOptions;
  readonly #control: LatencyControl;
  readonly #loading = new StuckLoading();
  readonly #listeners = new AbortController();
  #timer: ReturnType<typeof setInterval> | undefined;
  #isFollowing = true;
  #lastTick = 0;
  #seekingSince = 0;
  #starvedTicks = 0;

  constructor(video: HTMLVideoElement, options: LiveEdgeOptions = {}) {
    this.#video = video;
    this.#options = options;
    this.#control = new LatencyControl(options.latency);
    if (!options.waits) this.start();
  }

  /** Begins, once, where it was to wait. */
  start(): void {
    const video = this.#video;
    // What is played a little faster is not to be heard; a page may have set it otherwise.
    video.preservesPitch = true;
    const { signal } = this.#listeners;
    video.addEventListener('waiting', () => this.#waiting(), { signal });
    video.addEventListener('playing', () => this.#control.reset(), { signal });
    this.#timer = setInterval(() => this.#tick(), INTERVAL);
  }

  /** Off while the person watches something further back. */
  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  set isFollowing(isFollowing: boolean) {
    this.#isFollowing = isFollowing;
    if (!isFollowing) this.#setRate(1);
  }

  /** Seconds that should be left in the buffer when the next piece arrives. */
  get target(): number {
    return this.#control.target;
  }

  /** As near to the edge as the target allows, at once. */
  seekToLive(): void {
    const end = bufferedEnd(this.#video);
    if (end !== undefined) this.#video.currentTime = Math.max(0, end - this.#control.target);
    this.isFollowing = true;
  }

  /** Call when the video element has more media than before: exact where a look now and then is not. */
  arrived(): void {
    const end = bufferedEnd(this.#video);
    if (end !== undefined) this.#control.arrived(performance.now() / 1000, end);
  }

  /** Call where the media's timeline jumps. */
  reset(): void {
    this.#control.reset();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listeners.abort();
    this.#setRate(1);
  }

  #tick(): void {
    const now = performance.now();
    if (now - this.#lastTick > SLEPT) this.#control.reset();
    this.#lastTick = now;
    const video = this.#video;
    if (video.ended) return;
    const end = bufferedEnd(video);
    this.#seekAgain(now, end);
    if (video.seeking) return;
    if (this.#options.playlist) this.#unstick(this.#options.playlist(), now / 1000, end);
    if (this.#options.jumpsHoles) this.#jumpHole();
    if (end !== undefined) this.#follow(now / 1000, end);
  }

  /** What was lost on the way does not come any more. */
  #jumpHole(): void {
    const video = this.#video;
    this.#starvedTicks = video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA ? this.#starvedTicks + 1 : 0;
    if (this.#starvedTicks < HOLE_PATIENCE) return;
    const { buffered, currentTime } = video;
    for (let index = 0; index < buffered.length; index++) {
      const start = buffered.start(index);
      // Ranges that touch are one; a playhead at the end of one may stand a little before it.
      if (start <= currentTime) continue;
      const isInside = index > 0 && currentTime < buffered.end(index - 1) - HOLE_TOLERANCE;
      if (!isInside) video.currentTime = start + HOLE_TOLERANCE / 10;
      return;
    }
  }

  /** WebKitGTK loses a seek that comes while it prepares its first picture: it ends with the next one. */
  #seekAgain(now: number, end: number | undefined): void {
    const video = this.#video;
    if (!video.seeking || end === undefined || end < video.currentTime + SEEK_MARGIN)
      this.#seekingSince = now;
    else if (now - this.#seekingSince > SEEK_PATIENCE) {
      this.#seekingSince = now;
      video.currentTime = Math.max(video.currentTime, end - SEEK_MARGIN);
    }
  }

  #follow(now: number, end: number): void {
    const video = this.#video;
    const { rate, seekTo } = this.#control.update({ now, position: video.currentTime, bufferedEnd: end });
    if (video.paused || !this.#isFollowing) return;
    // While it waits the playhead stands, which is no reason to run afterwards.
    this.#setRate(video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA ? 1 : rate);
    if (seekTo !== undefined && seekTo < end) video.currentTime = seekTo;
  }

  #unstick(playlist: PlaylistEdge, now: number, end: number | undefined): void {
    const video = this.#video;
    const isStarved = !video.paused && video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    const { end: playlistEnd, start, pieceDuration } = playlist;
    const isStuck = this.#loading.update({ now, isStarved, bufferedEnd: end, playlistEnd, pieceDuration });
    if (isStuck && start !== undefined) video.currentTime = start;
  }

  #waiting(): void {
    const video = this.#video;
    // Waiting for the first picture, or after a seek, is no stall.
    if (video.seeking || video.paused || video.played.length === 0) return;
    this.#control.stalled(performance.now() / 1000);
    this.#options.onStall?.();
  }

  #setRate(rate: number): void {
    // Setting the same rate again makes some browsers flush their audio.
    if (this.#video.playbackRate !== rate) this.#video.playbackRate = rate;
  }
}

/** End of the last buffered range, media time. */
function bufferedEnd({ buffered }: HTMLVideoElement): number | undefined {
  return buffered.length > 0 ? buffered.end(buffered.length - 1) : undefined;
}
