import { FULL_RETRY_AFTER, LivestreamError } from '../errors.js';
import type { Limits, Logger, PackagingOptions } from '../options.js';
import type { StartStreamMessage, StopReason } from '../protocol.js';
import type { Audience } from '../streams/audience.js';
import type { Refusals } from '../streams/refusals.js';
import type { Stream } from '../streams/stream.js';
import type { Streams } from '../streams/streams.js';
import { ContainerIngest } from './container-ingest.js';
import { FramesIngest } from './frames-ingest.js';
import { readTracks } from './frame-track.js';
import type { Ingest, IngestEvents } from './ingest.js';
import { PublishSession } from './publish-session.js';
import { checkResolution } from './resolution.js';
import type { TranscoderFactory } from './transcoder.js';

export interface PublishersOptions {
  streams: Streams;
  audience: Audience;
  limits: Limits;
  refusals: Refusals;
  packaging: PackagingOptions;
  transcoders: TranscoderFactory | undefined;
  logger: Logger;
}

/** The publish sessions of all live streams. */
export class Publishers {
  #sessions = new Map<string, PublishSession>();
  #closing = false;

  constructor(private readonly options: PublishersOptions) {}

  /** Whether a `start-stream` may go on with a session that is there: the token is authority enough. */
  canResume(message: StartStreamMessage): boolean {
    const token = message.resume?.token;
    const session = this.#sessions.get(message.streamId);
    return token !== undefined && session?.isOver === false && sameText(session.resumeToken, token);
  }

  /**
   * Starts a stream, or goes on with one. The session waits for {@link PublishSession.attach}.
   * @param address of the publisher; undefined: no limit of an address applies
   * @throws LivestreamError SHUTTING_DOWN, UNSUPPORTED_FORMAT, TOO_LARGE, STREAM_IN_USE, RATE_LIMITED or SERVER_FULL
   */
  start(message: StartStreamMessage, address?: string): PublishSession {
    if (this.#closing) {
      throw new LivestreamError(
        'SHUTTING_DOWN',
        'the server is shutting down; connect again in a few seconds',
      );
    }
    const session = this.#sessions.get(message.streamId);
    const result = session && this.canResume(message) ? session : this.#create(message, session, address);
    // A publisher that resumes may have changed networks.
    result.address = address;
    return result;
  }

  /** Of the address that has most streams. */
  get mostPerAddress(): number {
    const counts = new Map<string, number>();
    for (const { address } of this.#sessions.values()) {
      if (address !== undefined) counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    return Math.max(0, ...counts.values());
  }

  /** Ends all streams properly and takes no more. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.stopAll('shutdown');
  }

  async stopAll(reason: StopReason): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.stop(reason)));
  }

  #create(
    message: StartStreamMessage,
    before: PublishSession | undefined,
    address: string | undefined,
  ): PublishSession {
    const { streams, audience, limits, refusals, logger } = this.options;
    const { streamId, userId, title } = message;
    if (before?.connected) {
      throw new LivestreamError(
        'STREAM_IN_USE',
        `stream '${streamId}' already has a publisher; stop that one or take another streamId`,
      );
    }
    // Before anything is taken over: what cannot be served changes nothing.
    const createIngest = this.#ingestFor(message);
    if (!before) this.#checkAddress(address);
    // Whoever may publish may take over from a publisher that is gone: its viewers see a discontinuity, not an end.
    const stream = before?.release() ?? streams.create(streamId);
    stream.info = { userId, title };
    const session = new PublishSession({
      stream,
      audience,
      limits,
      refusals,
      logger,
      createIngest: (events) => createIngest(stream, events),
      onOver: (over) => {
        if (this.#sessions.get(streamId) === over) this.#sessions.delete(streamId);
      },
    });
    this.#sessions.set(streamId, session);
    logger.info({ streamId, userId, title }, before ? 'the stream starts afresh' : 'the stream starts');
    return session;
  }

  /** @throws LivestreamError RATE_LIMITED */
  #checkAddress(address: string | undefined): void {
    if (address === undefined) return;
    const { maxStreamsPerAddress } = this.options.limits;
    let count = 0;
    for (const session of this.#sessions.values()) if (session.address === address) count++;
    if (count < maxStreamsPerAddress) return;
    throw new LivestreamError(
      'RATE_LIMITED',
      `there are ${count} streams from your address, the most there may be; try again when one has ended`,
      { limit: 'maxStreamsPerAddress', retryAfter: FULL_RETRY_AFTER },
    );
  }

  /** @throws LivestreamError UNSUPPORTED_FORMAT, TOO_LARGE or BAD_MESSAGE */
  #ingestFor({ format }: StartStreamMessage): (stream: Stream, events: IngestEvents) => Ingest {
    const { limits, packaging, transcoders, logger } = this.options;
    if (format?.kind === 'frames') {
      const tracks = readTracks(format.tracks);
      const known = tracks.map(({ reader }) => reader.track);
      checkResolution(known, limits.maxPixels);
      return (stream, events) => new FramesIngest({ stream, tracks, limits, logger }, events);
    }
    if (!transcoders) {
      throw new LivestreamError(
        'UNSUPPORTED_FORMAT',
        "this server has no transcoder, which containers need; send 'frames'",
      );
    }
    const { keyFrameInterval } = packaging;
    return (stream, events) =>
      new ContainerIngest({ stream, transcoders, limits, keyFrameInterval, logger }, events);
  }
}

/** Compares in a time that does not depend on where the texts differ. */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index);
  return difference === 0;
}
