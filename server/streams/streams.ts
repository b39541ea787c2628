import { FULL_RETRY_AFTER, LivestreamError } from '../errors.js';
import type { Limits, PackagingOptions } from '../options.js';
import type { StreamStatus } from '../protocol.js';
import type { Audience } from './audience.js';
import type { DeriveRendition } from './derived-rendition.js';
import { makeRoom } from './make-room.js';
import type { Refusals } from './refusals.js';
import { ServerClock } from './server-clock.js';
import { Stream } from './stream.js';
import type { StreamState } from './stream-state.js';

/** All streams of this server: those that are live and those that ended a little while ago. */
export class Streams {
  /** One for all of them. */
  readonly clock = new ServerClock();
  #streams = new Map<string, Stream>();
  #closed = false;
  #expiry = new Map<Stream, ReturnType<typeof setTimeout>>();
  /** Of the streams that are forgotten: a counter must not go back. */
  #faults = new Map<string, number>();
  #derivedFaults = new Map<string, number>();
  #transcoderFaults = new Map<string, number>();

  constructor(
    private readonly packaging: PackagingOptions,
    private readonly limits: Limits,
    private readonly audience: Audience,
    private readonly derive?: DeriveRendition,
    private readonly refusals?: Refusals,
  ) {}

  get(id: string): Stream | undefined {
    return this.#streams.get(id);
  }

  status(id: string): StreamStatus {
    return this.#streams.get(id)?.status ?? 'waiting';
  }

  [Symbol.iterator](): Iterator<Stream> {
    return this.#streams.values();
  }

  /** How many have not ended. */
  get liveCount(): number {
    let count = 0;
    for (const stream of this) if (stream.status !== 'ended') count++;
    return count;
  }

  /** Media kept of all streams. */
  get bytes(): number {
    let bytes = 0;
    for (const stream of this) bytes += stream.bytes;
    return bytes;
  }

  /** Frames of all streams there ever were that could not be published as they came, by the reason. */
  get frameFaults(): Map<string, number> {
    const faults = new Map(this.#faults);
    for (const stream of this) addCounts(faults, stream.frameFaults);
    return faults;
  }

  /** The same of what was made for other renditions than the source. */
  get derivedFaults(): Map<string, number> {
    const faults = new Map(this.#derivedFaults);
    for (const stream of this) addCounts(faults, stream.derivedFaults);
    return faults;
  }

  /** Failures of transcoders of all streams there ever were, by the fault. */
  get transcoderFaults(): Map<string, number> {
    const faults = new Map(this.#transcoderFaults);
    for (const stream of this) addCounts(faults, stream.transcoderFaults);
    return faults;
  }

  /**
   * A new stream under an id that no live stream has; an ended one makes way.
   * @throws LivestreamError SERVER_FULL
   */
  create(id: string): Stream {
    const { maxStreams, maxTotalBytes } = this.limits;
    if (this.liveCount >= maxStreams) {
      throw full(`the server already carries ${maxStreams} streams`, 'maxStreams');
    }
    if (!this.#makeRoom()) {
      throw full(`the server already keeps ${maxTotalBytes} bytes of media`, 'maxTotalBytes');
    }
    if (this.liveCount === 0) this.clock.adjust();
    const before = this.#streams.get(id);
    if (before) this.#forget(before);
    return this.#add(id);
  }

  /** A stream that another process began. */
  restore(state: StreamState): Stream {
    return this.#add(state.streamId, state);
  }

  #add(id: string, state?: StreamState): Stream {
    const onStatus = (status: StreamStatus): void => {
      // One that made way for a new stream ends in silence.
      if (this.#streams.get(id) !== stream) return;
      this.audience.announceStatus(id, status);
      if (status === 'ended') this.#expire(stream);
    };
    let givenUp = 0;
    const onSegment = (): void => {
      this.#makeRoom();
      for (; givenUp < stream.source.window.givenUp; givenUp++) this.refusals?.count('windowBytes');
    };
    const { packaging, derive, clock } = this;
    const stream: Stream = new Stream(id, packaging, onStatus, derive, clock, state, onSegment);
    this.#streams.set(id, stream);
    return stream;
  }

  /** Forgets no stream any more, so that nothing keeps the process alive; what is there stays playable. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#expiry.values()) clearTimeout(timer);
    this.#expiry.clear();
  }

  /** @returns false when no more media may be kept */
  #makeRoom(): boolean {
    const excess = this.bytes - this.limits.maxTotalBytes;
    if (excess <= 0) return true;
    return makeRoom([...this], excess, {
      forget: (stream) => this.#forget(stream),
      onGivenUp: () => this.refusals?.count('maxTotalBytes'),
    });
  }

  #expire(stream: Stream): void {
    if (this.#closed) return;
    this.#expiry.set(
      stream,
      setTimeout(() => this.#forget(stream), this.limits.endedTime * 1000),
    );
  }

  #forget(stream: Stream): void {
    clearTimeout(this.#expiry.get(stream));
    this.#expiry.delete(stream);
    if (this.#streams.get(stream.id) !== stream) return;
    this.#streams.delete(stream.id);
    addCounts(this.#faults, stream.frameFaults);
    addCounts(this.#derivedFaults, stream.derivedFaults);
    addCounts(this.#transcoderFaults, stream.transcoderFaults);
  }
}

function full(reason: string, limit: 'maxStreams' | 'maxTotalBytes'): LivestreamError {
  const retryAfter = FULL_RETRY_AFTER;
  return new LivestreamError('SERVER_FULL', `${reason}; try again when one has ended`, { limit, retryAfter });
}

function addCounts(to: Map<string, number>, counts: ReadonlyMap<string, number>): void {
  for (const [key, count] of counts) to.set(key, (to.get(key) ?? 0) + count);
}
