import type { Sample, Track } from '../hls/sample.js';
import type { PackagingOptions } from '../options.js';
import type { StreamStatus } from '../protocol.js';
import { Rendition } from './rendition.js';

/** The rendition as the publisher sends it. */
const SOURCE = 'source';

/** What a publisher says of its stream. */
export interface StreamInfo {
  userId?: string;
  title?: string;
}

/** One live stream, from its publisher's start to its end. What comes in are samples, whatever made them. */
export class Stream {
  readonly startedAt = new Date();
  /** What its publisher said of it. */
  info: StreamInfo = {};
  /** Of a publisher of frames: how many could not be published as they came, by the reason. */
  readonly frameFaults = new Map<string, number>();
  readonly renditions: ReadonlyMap<string, Rendition>;
  #status: StreamStatus = 'waiting';
  #connected = true;
  #ended = false;

  constructor(
    readonly id: string,
    packaging: PackagingOptions,
    private readonly onStatus: (status: StreamStatus) => void,
  ) {
    const epoch = this.startedAt.getTime().toString(36);
    this.renditions = new Map([[SOURCE, new Rendition(SOURCE, epoch, packaging)]]);
    for (const rendition of this.renditions.values()) rendition.siblings = [...this.renditions.values()];
  }

  get status(): StreamStatus {
    return this.#status;
  }

  /** Whether there is something to play. */
  get playable(): boolean {
    return this.#source.window.playable;
  }

  /** Begins a run of samples; after an earlier run its media follows a discontinuity. */
  start(tracks: readonly Track[]): void {
    if (!this.#ended) this.#source.start(tracks);
  }

  push(sample: Sample): void {
    if (this.#ended) return;
    this.#source.push(sample);
    if (this.#status === 'waiting') this.#update();
  }

  /**
   * Tells when the media of the run that was begun last was captured.
   * @param sourceTime a time of its samples, seconds
   * @param wallClock of that moment, milliseconds since the epoch
   */
  setCaptureClock(sourceTime: number, wallClock: number): void {
    if (!this.#ended) this.#source.setCaptureClock(sourceTime, wallClock);
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
    for (const rendition of this.renditions.values()) rendition.end();
    this.#update();
  }

  get #source(): Rendition {
    return this.renditions.get(SOURCE)!;
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
