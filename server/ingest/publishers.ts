import { LivestreamError } from '../errors.js';
import type { Limits, Logger, PackagingOptions } from '../options.js';
import type { StartStreamMessage, StopReason } from '../protocol.js';
import type { Audience } from '../streams/audience.js';
import type { Stream } from '../streams/stream.js';
import type { Streams } from '../streams/streams.js';
import { ContainerIngest } from './container-ingest.js';
import { FramesIngest } from './frames-ingest.js';
import { readTracks } from './frame-track.js';
import type { Ingest, IngestEvents } from './ingest.js';
import type { GrantCheck, PublishGrant } from './publish-grant.js';
import { PublishSession } from './publish-session.js';
import type { TranscoderFactory } from './transcoder.js';

export interface PublishersOptions {
  streams: Streams;
  audience: Audience;
  limits: Limits;
  packaging: PackagingOptions;
  transcoders: TranscoderFactory | undefined;
  logger: Logger;
  /** Of streams whose publisher and key say nothing else. Default public. */
  playback?: 'public' | 'private';
  /** Whether what a stream was started on stands still. Default: it does. */
  stands?: GrantCheck;
}

/** The publish sessions of all live streams. */
export class Publishers {
  #sessions = new Map<string, PublishSession>();
  #closing = false;

  constructor(private readonly options: PublishersOptions) {}

  /** Whether a `start-stream` may go on with a session that is there: the token is authority enough, while its grant stands. */
  canResume(message: StartStreamMessage): boolean {
    const token = message.resume?.token;
    const session = this.#sessions.get(message.streamId);
    return (
      token !== undefined &&
      session?.isOver === false &&
      sameText(session.resumeToken, token) &&
      this.#stands(session.grant)
    );
  }

  /**
   * Starts a stream, or goes on with one. The session waits for {@link PublishSession.attach}.
   * @param grant on what it may be started; one that goes on keeps its own
   * @throws LivestreamError SHUTTING_DOWN, UNSUPPORTED_FORMAT, STREAM_IN_USE or SERVER_FULL
   */
  start(message: StartStreamMessage, grant: PublishGrant = {}): PublishSession {
    if (this.#closing) {
      throw new LivestreamError(
        'SHUTTING_DOWN',
        'the server is shutting down; connect again in a few seconds',
      );
    }
    const session = this.#sessions.get(message.streamId);
    return session && this.canResume(message) ? session : this.#create(message, session, grant);
  }

  /** Ends all streams properly and takes no more. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.stopAll('shutdown');
  }

  /** Ends every stream, waiting ones too, that was started on what does not stand any more. */
  endRevoked(): void {
    for (const session of this.#sessions.values()) {
      if (this.#stands(session.grant)) continue;
      session.fail(
        new LivestreamError(
          'UNAUTHORIZED',
          `the stream key that '${session.stream.id}' was started with was revoked; start again with another`,
        ),
      );
    }
  }

  async stopAll(reason: StopReason): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.stop(reason)));
  }

  #stands(grant: PublishGrant): boolean {
    return this.options.stands?.(grant) ?? true;
  }

  #create(
    message: StartStreamMessage,
    before: PublishSession | undefined,
    grant: PublishGrant,
  ): PublishSession {
    const { streams, audience, limits, logger } = this.options;
    const { streamId, userId, title } = message;
    if (before?.connected) {
      throw new LivestreamError(
        'STREAM_IN_USE',
        `stream '${streamId}' already has a publisher; stop that one or take another streamId`,
      );
    }
    // Before anything is taken over: what cannot be served changes nothing.
    const createIngest = this.#ingestFor(message);
    // Whoever may publish may take over from a publisher that is gone: its viewers see a discontinuity, not an end.
    const stream = before?.release() ?? streams.create(streamId);
    stream.info = { userId, title };
    const playback = message.playback ?? grant.playback ?? this.options.playback;
    // What was private stays so: its media is in the same window.
    stream.isPrivate ||= playback === 'private';
    const session = new PublishSession({
      stream,
      audience,
      limits,
      logger,
      grant,
      createIngest: (events) => createIngest(stream, events),
      onOver: (over) => {
        if (this.#sessions.get(streamId) === over) this.#sessions.delete(streamId);
      },
    });
    this.#sessions.set(streamId, session);
    logger.info({ streamId, userId, title }, before ? 'the stream starts afresh' : 'the stream starts');
    return session;
  }

  /** @throws LivestreamError UNSUPPORTED_FORMAT or BAD_MESSAGE */
  #ingestFor({ format }: StartStreamMessage): (stream: Stream, events: IngestEvents) => Ingest {
    const { limits, packaging, transcoders, logger } = this.options;
    if (format?.kind === 'frames') {
      const tracks = readTracks(format.tracks);
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
