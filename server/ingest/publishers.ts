import { FULL_RETRY_AFTER, LivestreamError } from '../errors.js';
import type { Limits, Logger, PackagingOptions } from '../options.js';
import type { StartStreamMessage, StopReason } from '../protocol.js';
import type { Audience } from '../streams/audience.js';
import type { GrantCheck, PublishGrant } from '../streams/publish-grant.js';
import type { Refusals } from '../streams/refusals.js';
import type { Stream } from '../streams/stream.js';
import type { SavedPlace, StreamState } from '../streams/stream-state.js';
import type { Streams } from '../streams/streams.js';
import { ContainerIngest } from './container-ingest.js';
import { Countdown } from './countdown.js';
import { FramesIngest } from './frames-ingest.js';
import { readTracks } from './frame-track.js';
import type { Ingest, IngestEvents } from './ingest.js';
import { PublishSession } from './publish-session.js';
import { checkResolution } from './resolution.js';
import { sameText } from './resume-token.js';
import type { StateKeeper } from './state-keeper.js';
import type { TranscoderFactory } from './transcoder.js';

export interface PublishersOptions {
  streams: Streams;
  audience: Audience;
  limits: Limits;
  refusals: Refusals;
  packaging: PackagingOptions;
  transcoders: TranscoderFactory | undefined;
  logger: Logger;
  /** Of streams whose publisher and key say nothing else. Default public. */
  playback?: 'public' | 'private';
  /** Whether what a stream was started on stands still. Default: it does. */
  stands?: GrantCheck;
  /** Absent: a process that dies takes its streams with it. */
  keeper: StateKeeper | undefined;
}

/** A stream that another process began, until its publisher is back. */
interface Orphan {
  stream: Stream;
  state: StreamState;
  grace: Countdown;
}

/** The publish sessions of all live streams. */
export class Publishers {
  #sessions = new Map<string, PublishSession>();
  #orphans = new Map<string, Orphan>();
  #closing = false;

  constructor(private readonly options: PublishersOptions) {}

  /** Waits for the publisher of a stream that another process began: its viewers have been waiting since. */
  adopt(state: StreamState): void {
    const { streams, limits, logger } = this.options;
    const { streamId } = state;
    const stream = streams.restore(state);
    stream.isPrivate ||= this.options.playback === 'private';
    const grace = new Countdown(() => {
      this.options.refusals.count('graceTime');
      this.#endOrphan(streamId, 'timed-out');
    });
    grace.start(limits.graceTime * 1000);
    this.#orphans.set(streamId, { stream, state, grace });
    logger.info({ streamId }, 'the stream waits for its publisher, as before the restart');
  }

  /** @throws LivestreamError SHUTTING_DOWN */
  assertOpen(): void {
    if (!this.#closing) return;
    throw new LivestreamError('SHUTTING_DOWN', 'the server is shutting down; connect again in a few seconds');
  }

  /**
   * Whether a `start-stream` may go on with what is there: the token is authority enough, while what it was given for stands.
   * @param tokenHash of its resume token, see `hashToken`
   */
  canResume(message: StartStreamMessage, tokenHash: string | undefined): boolean {
    return this.#resumed(message) !== undefined || this.#orphanOf(message, tokenHash) !== undefined;
  }

  /**
   * Starts a stream, or goes on with one. The session waits for {@link PublishSession.attach}.
   * @param tokenHash as in {@link canResume}
   * @param grant on what it is started; absent: what it goes on with keeps its own
   * @param address of the publisher; undefined: no limit of an address applies
   * @throws LivestreamError SHUTTING_DOWN, UNAUTHORIZED, UNSUPPORTED_FORMAT, TOO_LARGE, STREAM_IN_USE, RATE_LIMITED or SERVER_FULL
   */
  start(
    message: StartStreamMessage,
    tokenHash: string | undefined,
    { grant, address }: { grant?: PublishGrant | undefined; address?: string | undefined } = {},
  ): PublishSession {
    this.assertOpen();
    // It may have been revoked while its holder was being recognised: no session was there to be ended then.
    if (grant && !this.#stands(grant)) throw revoked(message.streamId);
    const lost = this.#orphanOf(message, tokenHash)?.state;
    const session =
      this.#resumed(message) ?? this.#create(message, lost, grant ?? lost?.grant ?? {}, address);
    // A publisher that resumes may have changed networks.
    session.address = address;
    return session;
  }

  /** Of the address that has most streams. */
  get mostPerAddress(): number {
    const counts = new Map<string, number>();
    for (const { address } of this.#sessions.values()) {
      if (address !== undefined) counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    return Math.max(0, ...counts.values());
  }

  /** Ends every stream, waiting ones too, that was started on what does not stand any more. */
  endRevoked(): void {
    for (const session of this.#sessions.values()) {
      if (this.#stands(session.grant)) continue;
      session.fail(revoked(session.stream.id));
    }
    for (const [streamId, { state }] of this.#orphans) {
      if (!this.#stands(state.grant)) this.#endOrphan(streamId, 'failed');
    }
  }

  /**
   * Takes no more, and publishes all that was received.
   * @param isRestarting whether another process goes on with the streams; else they end
   */
  async close(isRestarting: boolean): Promise<void> {
    this.#closing = true;
    for (const [streamId, { stream, grace }] of this.#orphans) {
      grace.stop();
      if (isRestarting) stream.suspend();
      else this.#endOrphan(streamId, 'shutdown');
    }
    const { keeper } = this.options;
    const close = (session: PublishSession): Promise<void> =>
      isRestarting
        ? session.suspend(() => keeper?.saveFinal(session) ?? Promise.resolve())
        : session.stop('shutdown');
    await Promise.all([...this.#sessions.values()].map(close));
    await keeper?.settled();
  }

  #resumed({ streamId, resume }: StartStreamMessage): PublishSession | undefined {
    const session = this.#sessions.get(streamId);
    const isOurs = session?.isOver === false && resume && sameText(session.resumeToken, resume.token);
    return isOurs && this.#stands(session.grant) ? session : undefined;
  }

  #orphanOf({ streamId }: StartStreamMessage, tokenHash: string | undefined): Orphan | undefined {
    const orphan = this.#orphans.get(streamId);
    const isOurs = orphan && tokenHash !== undefined && sameText(orphan.state.tokenHash, tokenHash);
    return isOurs && this.#stands(orphan.state.grant) ? orphan : undefined;
  }

  #stands(grant: PublishGrant = {}): boolean {
    return this.options.stands?.(grant) ?? true;
  }

  #endOrphan(streamId: string, reason: StopReason): void {
    this.#takeOrphan(streamId)?.stream.end();
    this.options.keeper?.forget(streamId);
    this.options.logger.info({ streamId, reason }, 'the stream is over');
  }

  /** @param lost what another process remembered of the publisher, where this is the same */
  #create(
    message: StartStreamMessage,
    lost: StreamState | undefined,
    grant: PublishGrant,
    address: string | undefined,
  ): PublishSession {
    const { streams, audience, limits, refusals, logger, keeper } = this.options;
    const { streamId, userId, title } = message;
    const before = this.#sessions.get(streamId);
    if (before?.connected) {
      throw new LivestreamError(
        'STREAM_IN_USE',
        `stream '${streamId}' already has a publisher; stop that one or take another streamId`,
      );
    }
    // Before anything is taken over: what cannot be served changes nothing.
    const place = lost && placeBefore(lost, message);
    const createIngest = this.#ingestFor(message, place);
    // One that is only about to end is nothing to go on with.
    const isTheirs = before?.isOver === false && before.address === address;
    if (!isTheirs && !lost) this.#checkAddress(address);
    // Whoever may publish may take over from a publisher that is gone: its viewers see a discontinuity, not an end.
    const orphan = this.#takeOrphan(streamId);
    const stream = before?.release() ?? orphan?.stream ?? streams.create(streamId);
    stream.info = { userId: userId ?? lost?.userId, title: title ?? lost?.title };
    // What was private stays so: its media is in the same window.
    stream.isPrivate ||= (message.playback ?? grant.playback ?? this.options.playback) === 'private';
    stream.playbackOrigins = grant.playbackOrigins ?? stream.playbackOrigins;
    const session = new PublishSession({
      stream,
      audience,
      limits,
      refusals,
      logger,
      grant,
      createIngest: (events) => createIngest(stream, events),
      // The same one: it may be presented again, should this answer not arrive.
      resumeToken: lost && message.resume?.token,
      received: place?.message ?? (lost ? receivedBefore(lost, message) : 0),
      awayFor: lost && awayFor(lost, limits),
      onReceived: (receiver) => keeper?.note(receiver),
      onOver: (over) => {
        // Another may have taken its place while the last of its media came out.
        if (this.#sessions.get(streamId) !== over) return;
        this.#sessions.delete(streamId);
        if (stream.status === 'ended') keeper?.forget(streamId);
      },
    });
    this.#sessions.set(streamId, session);
    if (lost?.place && !place) keeper?.dropPlace(lost);
    const words = lost
      ? 'the stream goes on'
      : before || orphan
        ? 'the stream starts afresh'
        : 'the stream starts';
    logger.info({ streamId, userId, title }, words);
    return session;
  }

  #takeOrphan(streamId: string): Orphan | undefined {
    const orphan = this.#orphans.get(streamId);
    orphan?.grace.stop();
    this.#orphans.delete(streamId);
    return orphan;
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
  #ingestFor(
    { format }: StartStreamMessage,
    place: SavedPlace | undefined,
  ): (stream: Stream, events: IngestEvents) => Ingest {
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
    const from = place && { header: fromBase64(place.header), offset: place.offset };
    return (stream, events) =>
      new ContainerIngest({ stream, transcoders, limits, keyFrameInterval, logger, from }, events);
  }
}

function revoked(streamId: string): LivestreamError {
  const message = `the stream key that '${streamId}' was started with was revoked; start again with another`;
  return new LivestreamError('UNAUTHORIZED', message);
}

/**
 * Where a container is gone on with: only with a publisher that says that it still has all from there on. One that has the file's first
 * message sends all of it.
 */
function placeBefore({ place }: StreamState, { format, resume }: StartStreamMessage): SavedPlace | undefined {
  if (!place || place.message === 0 || format?.kind === 'frames' || resume?.kept === undefined)
    return undefined;
  return resume.kept <= place.message ? place : undefined;
}

const fromBase64 = (text: string): Uint8Array =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** For how long a publisher may have made what it sends at once, seconds: longer its stream would not have been kept. */
function awayFor({ savedAt }: StreamState, { graceTime, restartTime }: Limits): number {
  return Math.min(Math.max(0, Date.now() - savedAt) / 1000, graceTime + restartTime);
}

/** How many messages need not be sent again. A container without a place to go on begins anew. */
function receivedBefore({ isFinal, received }: StreamState, { format, resume }: StartStreamMessage): number {
  if (format?.kind !== 'frames') return 0;
  return Math.max(isFinal ? received : 0, resume?.from ?? 0);
}
