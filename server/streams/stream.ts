import type { Sample, Track } from '../hls/sample.js';
import type { PackagingOptions } from '../options.js';
import type { StreamStatus } from '../protocol.js';
import type { DerivedRendition, DeriveRendition } from './derived-rendition.js';
import { Rendition } from './rendition.js';

/** The name of {@link Stream.source}. */
const SOURCE = 'source';

/** What a publisher says of its stream. */
export interface StreamInfo {
  userId?: string;
  title?: string;
}

/** One live stream, from its publisher's start to its end. What comes in are samples, whatever made them. */
export class Stream {
  readonly startedAt = new Date();
  /** Of a clock that is never set. */
  readonly #startedAt = performance.now();
  /** What its publisher said of it. */
  info: StreamInfo = {};
  /** Of a publisher of frames: how many could not be published as they came, by the reason. */
  readonly frameFaults = new Map<string, number>();
  /** The rendition as the publisher sends it. */
  readonly source: Rendition;
  #derived: DerivedRendition | undefined;
  #status: StreamStatus = 'waiting';
  #connected = true;
  #ended = false;

  /**
   * @param derive asked at every start of a run, until it gives one
   * @param onSegment a segment has begun, and the one before is kept
   */
  constructor(
    readonly id: string,
    packaging: PackagingOptions,
    private readonly onStatus: (status: StreamStatus) => void,
    private readonly derive?: DeriveRendition,
    private readonly onSegment?: () => void,
  ) {
    const epoch = this.startedAt.getTime().toString(36);
    this.source = new Rendition(SOURCE, epoch, packaging);
  }

  /** How long the stream has lasted, seconds. */
  get age(): number {
    return (performance.now() - this.#startedAt) / 1000;
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

  /** Begins a run of samples; after an earlier run its media follows a discontinuity. */
  start(tracks: readonly Track[]): void {
    if (this.#ended) return;
    this.source.start(tracks);
    if (this.#derived) this.#derived.follow();
    else this.#derived = this.derive?.(this.source, this.id);
    this.#introduce();
  }

  push(sample: Sample): void {
    if (this.#ended) return;
    const { last } = this.source.window;
    this.source.push(sample);
    if (this.source.window.last !== last) this.onSegment?.();
    if (this.#status === 'waiting') this.#update();
  }

  /**
   * Tells when the media of the run that was begun last was captured.
   * @param sourceTime a time of its samples, seconds
   * @param wallClock of that moment, milliseconds since the epoch
   */
  setCaptureClock(sourceTime: number, wallClock: number): void {
    if (!this.#ended) this.source.setCaptureClock(sourceTime, wallClock);
  }

  /** The publisher's connection came or went. */
  setConnected(connected: boolean): void {
    this.#connected = connected;
    this.#update();
  }

  /** Nothing will follow: playlists end and requests that wait are answered. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.source.end();
    this.#derived?.end();
    this.#update();
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
    if (!this.playable) return 'waiting';
    return this.#connected ? 'live' : 'reconnecting';
  }
}
