import { LivestreamError } from '../errors.js';
import type { Sample, SampleDrop, Track } from '../hls/sample.js';
import type { PackagingOptions } from '../options.js';
import type { StreamStatus } from '../protocol.js';
import type { DerivedRendition, DeriveRendition } from './derived-rendition.js';
import { Rendition } from './rendition.js';
import { ServerClock } from './server-clock.js';
import { positionAfter, type StreamState } from './stream-state.js';

/** The name of {@link Stream.source}. */
const SOURCE = 'source';

/** What a publisher says of its stream. */
export interface StreamInfo {
  userId?: string;
  title?: string;
}

/** One live stream, from its publisher's start to its end. What comes in are samples, whatever made them. */
export class Stream {
  readonly startedAt: Date;
  /** By a clock that is never set. */
  readonly #since = performance.now();
  /** In another process, milliseconds. */
  readonly #ageBefore: number = 0;
  /** What its publisher said of it. */
  info: StreamInfo = {};
  /** Viewers need a token. */
  isPrivate = false;
  /** Web origins whose pages may play it, in place of the server's. */
  playbackOrigins: readonly string[] | undefined;
  /** How many of its frames could not be published as they came, by the reason. */
  readonly frameFaults = new Map<string, number>();
  /** The same of what was made for its other renditions. */
  readonly derivedFaults = new Map<string, number>();
  /** Of its transcoders: how many failed, by the fault. */
  readonly transcoderFaults = new Map<string, number>();
  /** The rendition as the publisher sends it. */
  readonly source: Rendition;
  #derived: DerivedRendition | undefined;
  #status: StreamStatus = 'waiting';
  #connected = true;
  #interrupted = false;
  #ended = false;
  #suspended = false;

  /**
   * @param derive asked at every start of a run, until it gives one
   * @param before where another process left off
   * @param onSegment a segment has begun, and the one before is kept
   */
  constructor(
    readonly id: string,
    packaging: PackagingOptions,
    private readonly onStatus: (status: StreamStatus) => void,
    private readonly derive?: DeriveRendition,
    /** By which it is dated. */
    readonly clock = new ServerClock(),
    private readonly before?: StreamState,
    private readonly onSegment?: () => void,
  ) {
    this.startedAt = before ? new Date(before.startedAt) : new Date();
    const epoch = before?.source.epoch ?? this.startedAt.getTime().toString(36);
    const from = before && positionAfter(before, clock.now(), packaging.segmentDuration);
    this.source = new Rendition(SOURCE, epoch, packaging, undefined, clock.now, from);
    if (before) {
      this.#ageBefore = Math.max(0, Date.now() - this.startedAt.getTime());
      this.info = { userId: before.userId, title: before.title };
      this.isPrivate = before.isPrivate ?? false;
      this.playbackOrigins = before.playbackOrigins;
      this.#connected = false;
      this.#status = this.#currentStatus();
    }
  }

  /** How long the stream has lasted, seconds. */
  get age(): number {
    return (this.#ageBefore + performance.now() - this.#since) / 1000;
  }

  /** Media that is kept of it. */
  get bytes(): number {
    let bytes = 0;
    for (const { window } of this.renditions) bytes += window.bytes;
    return bytes;
  }

  /** Those that its multivariant playlist offers, the source first. */
  get renditions(): Rendition[] {
    return this.#derived?.isOffered ? [this.source, this.#derived.rendition] : [this.source];
  }

  /**
   * The rendition of a name, which somebody wants to play.
   * @returns undefined where there is none
   */
  demand(name: string): Rendition | undefined {
    if (name === this.source.name) return this.source;
    if (name !== this.#derived?.rendition.name) return undefined;
    const { rendition } = this.#derived;
    this.#derived.demand();
    if (this.#derived.rendition !== rendition) this.#introduce();
    return this.#derived.rendition;
  }

  get status(): StreamStatus {
    return this.#status;
  }

  /** Whether there is something to play. */
  get playable(): boolean {
    return this.source.window.playable;
  }

  /** Its players have, or had, something to play, and will have again: from this process, or from the next one. */
  get isInterrupted(): boolean {
    return !this.#ended && (this.#suspended || (this.before !== undefined && !this.playable));
  }

  /**
   * Begins a run of samples; after an earlier run its media follows a discontinuity.
   * @param receivedAt as in {@link Segmenter.start}, by {@link clock}
   */
  start(tracks: readonly Track[], receivedAt?: number): void {
    if (this.#isOver) return;
    this.source.start(tracks, receivedAt);
    if (this.#derived) this.#derived.follow();
    else this.#derived = this.derive?.(this.source, this.id);
    this.#introduce();
  }

  /**
   * @returns why the sample was left out, for whoever counts {@link frameFaults}; undefined where it was taken
   * @throws LivestreamError TOO_LARGE when the segments that players need are more than may be kept; the stream has to end
   */
  push(sample: Sample): SampleDrop | undefined {
    if (this.#isOver) return 'over';
    const { last } = this.source.window;
    const drop = this.source.push(sample);
    if (this.source.window.last !== last) this.onSegment?.();
    if (this.#status !== 'live') this.#update();
    if (this.source.window.isOverfull) throw this.#tooLarge();
    return drop;
  }

  /**
   * Tells when the media of the run that was begun last was captured.
   * @param sourceTime a time of its samples, seconds
   * @param wallClock of that moment, milliseconds since the epoch
   */
  setCaptureClock(sourceTime: number, wallClock: number): void {
    if (!this.#isOver) this.source.setCaptureClock(sourceTime, wallClock);
  }

  /** The publisher's connection came or went. */
  setConnected(connected: boolean): void {
    this.#connected = connected;
    this.#update();
  }

  /** Its media stopped for a reason that is no fault of the publisher, or goes on: what makes it of the bytes failed and is started again. */
  setInterrupted(interrupted: boolean): void {
    if (interrupted === this.#interrupted) return;
    this.#interrupted = interrupted;
    this.#update();
  }

  countFrameFault(reason: string): void {
    countOne(this.frameFaults, reason);
  }

  countDerivedFault(reason: string): void {
    countOne(this.derivedFaults, reason);
  }

  countTranscoderFault(fault: string): void {
    countOne(this.transcoderFaults, fault);
  }

  /** Nothing will follow: playlists end and requests that wait are answered. */
  end(): void {
    if (this.#isOver) return;
    this.#ended = true;
    this.source.end();
    this.#derived?.end();
    this.#update();
  }

  /** Another process goes on with it: playlists do not end, but requests that wait are answered. */
  suspend(): void {
    if (this.#isOver) return;
    this.#suspended = true;
    this.source.suspend();
    this.#derived?.suspend();
    this.setConnected(false);
  }

  #tooLarge(): LivestreamError {
    const { bytes } = this.source.window.options;
    return new LivestreamError(
      'TOO_LARGE',
      `the segments that a playlist must list take more than ${bytes} bytes (windowBytes); lower the bitrate, or send key frames more often`,
    );
  }

  get #isOver(): boolean {
    return this.#ended || this.#suspended;
  }

  /** Playlists report the other renditions. */
  #introduce(): void {
    const { renditions } = this;
    for (const rendition of renditions) rendition.siblings = renditions;
  }

  #update(): void {
    const status = this.#currentStatus();
    if (status === this.#status) return;
    this.#status = status;
    this.onStatus(status);
  }

  #currentStatus(): StreamStatus {
    if (this.#ended) return 'ended';
    if (!this.playable) return this.before ? 'reconnecting' : 'waiting';
    return this.#connected && !this.#interrupted ? 'live' : 'reconnecting';
  }
}

function countOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
