import type { Context } from 'hono';
import type { WSContext } from 'hono/ws';
import type { Access } from '../access/access.js';
import { FULL_RETRY_AFTER, LivestreamError } from '../errors.js';
import type { PublishSession, PublisherConnection } from '../ingest/publish-session.js';
import type { Publishers } from '../ingest/publishers.js';
import { RateLimit } from '../ingest/rate-limit.js';
import { hashToken } from '../ingest/resume-token.js';
import type { Limits, Logger } from '../options.js';
import {
  CloseCode,
  type ClientMessage,
  type JoinStreamMessage,
  type ServerMessage,
  type StartStreamMessage,
} from '../protocol.js';
import type { Audience } from '../streams/audience.js';
import type { Quota } from '../streams/quota.js';
import type { Refusals } from '../streams/refusals.js';
import type { Streams } from '../streams/streams.js';
import { parseClientMessage } from './client-message.js';
import { ClientSocket } from './client-socket.js';
import type { ClosableConnection, IdleConnections } from './idle-connections.js';

export interface ConnectionServices {
  streams: Streams;
  audience: Audience;
  publishers: Publishers;
  access: Access;
  limits: Limits;
  refusals: Refusals;
  /** Those who joined a stream. */
  viewers: Quota;
  idle: IdleConnections;
  logger: Logger;
  /** Of the request that became the WebSocket. */
  context: Context;
  /** Where the client is; undefined: no limit of an address applies. */
  address: string | undefined;
  /** The absolute URL of a stream's multivariant playlist. */
  playbackUrl(streamId: string): string;
}

/** A client that sends commands all at once may send so many seconds' worth. */
const COMMAND_BURST_SECONDS = 5;

/** What frames, and the pieces in which they come, may take beside a message, bytes. */
const UNFINISHED_SLACK = 32 * 1024;

/** The most that a runtime should read of a message: more than one may have, so that its sender is told so in words. */
export function payloadLimit(maxMessageBytes: number): number {
  return maxMessageBytes * 2 + 64 * 1024;
}

/** What one client says on its WebSocket: at most one stream published, any number joined. */
export class Connection implements PublisherConnection, ClosableConnection {
  readonly #socket: ClientSocket;
  #session: PublishSession | undefined;
  /** By the stream's id: gives the viewer's place back. */
  #joined = new Map<string, () => void>();
  #commands: RateLimit;
  /** Messages are handled one after the other, though some take a while. */
  #work: Promise<void> = Promise.resolve();
  #working = 0;

  constructor(
    socket: WSContext<unknown>,
    private readonly services: ConnectionServices,
  ) {
    this.#socket = new ClientSocket(socket, {
      maxBacklogBytes: services.limits.maxSocketBacklogBytes,
      onCut: () => services.refusals.count('maxSocketBacklogBytes'),
    });
    this.#commands = new RateLimit(services.limits.maxCommandRate, COMMAND_BURST_SECONDS);
    this.#settle();
  }

  receive(data: string | Blob | ArrayBufferLike): void {
    if (this.#socket.isClosed) return;
    // Without a detour where nothing has to be waited for: this runs for every message of every publisher.
    if (this.#working === 0 && data instanceof ArrayBuffer)
      this.#guard(() => this.#onData(new Uint8Array(data)));
    else this.#enqueue(data);
  }

  /** @see Livestream.allowsUnfinished */
  allowsUnfinished(bytes: number): boolean {
    const { maxMessageBytes, maxTextBytes } = this.services.limits;
    if (bytes <= maxTextBytes + UNFINISHED_SLACK) return true;
    const session = this.#session?.connected ? this.#session : undefined;
    if (!session) {
      const message = `a message of more than ${maxTextBytes} bytes; send start-stream before stream data, and shorter text`;
      this.#report(new LivestreamError('TOO_LARGE', message, { limit: 'maxTextBytes' }));
      return false;
    }
    if (bytes <= maxMessageBytes * 1.5 + UNFINISHED_SLACK) return true;
    const message = `a message of more than ${maxMessageBytes} bytes, the most there may be: send smaller ones`;
    session.fail(new LivestreamError('TOO_LARGE', message, { limit: 'maxMessageBytes' }));
    return false;
  }

  /** @see Livestream.countControl */
  countControl(): void {
    if (!this.#socket.isClosed) this.#guard(() => this.#spendCommand());
  }

  /** The connection is gone. */
  ended(): void {
    this.#socket.ended();
    this.services.idle.delete(this);
    for (const streamId of this.#joined.keys()) this.#leave(streamId);
    this.#session?.detach(this);
    this.#session = undefined;
  }

  send(message: ServerMessage): void {
    this.#socket.send(message);
    // Once its session has let go of it.
    if (message.type === 'stream-stopped') queueMicrotask(() => this.#settle());
  }

  /** Tells why the connection is of no more use, and closes it. */
  refuse(error: LivestreamError): void {
    this.#report(error);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Whether it publishes or watches may have changed. */
  #settle(): void {
    const { idle, address } = this.services;
    if (this.#socket.isClosed || this.#session?.connected || this.#joined.size > 0) idle.delete(this);
    else idle.add(this, address);
  }

  #enqueue(data: string | Blob | ArrayBufferLike): void {
    // Of what was read already; where the socket cannot pause, a client that does not wait either must go.
    const { maxPendingMessages } = this.services.limits;
    if (++this.#working > maxPendingMessages) {
      const message = `${maxPendingMessages} messages wait to be handled; send fewer`;
      const refusal = { limit: 'maxPendingMessages', retryAfter: COMMAND_BURST_SECONDS } as const;
      this.#report(new LivestreamError('RATE_LIMITED', message, refusal));
      return;
    }
    this.pause();
    this.#work = this.#work
      .then(async () => {
        if (this.#socket.isClosed) return;
        if (typeof data === 'string') await this.#onText(data);
        else {
          const bytes = new Uint8Array(data instanceof Blob ? await data.arrayBuffer() : data);
          // It may have been closed while the bytes were fetched.
          if (!this.#socket.isClosed) this.#onData(bytes);
        }
      })
      .catch((error: unknown) => this.#report(error))
      .finally(() => {
        this.#working--;
        this.resume();
      });
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#report(error);
    }
  }

  #onData(bytes: Uint8Array): void {
    const { maxMessageBytes } = this.services.limits;
    if (bytes.length > maxMessageBytes) {
      const error = new LivestreamError(
        'TOO_LARGE',
        `a message of ${bytes.length} bytes; the most is ${maxMessageBytes}: send smaller ones`,
        { limit: 'maxMessageBytes' },
      );
      if (!this.#session) throw error;
      this.#session.fail(error);
      return;
    }
    if (!this.#session) {
      this.#spendCommand();
      throw new LivestreamError('NOT_STREAMING', 'stream data before start-stream; send start-stream first');
    }
    this.#session.receive(bytes);
  }

  async #onText(text: string): Promise<void> {
    this.#spendCommand();
    let streamId: string | undefined;
    try {
      const message = parseClientMessage(text, this.services.limits.maxTextBytes);
      if (message.type !== 'clock') ({ streamId } = message);
      await this.#onMessage(message);
    } catch (error) {
      this.#report(error, streamId);
    }
    this.#settle();
  }

  /** @throws LivestreamError RATE_LIMITED */
  #spendCommand(): void {
    if (this.#commands.take(1)) return;
    const { maxCommandRate } = this.services.limits;
    throw new LivestreamError('RATE_LIMITED', `more than ${maxCommandRate} messages a second; send fewer`, {
      limit: 'maxCommandRate',
      retryAfter: COMMAND_BURST_SECONDS,
    });
  }

  async #onMessage(message: ClientMessage): Promise<void> {
    switch (message.type) {
      case 'start-stream':
        return this.#start(message);
      case 'stop-stream':
        return this.#stop(message.streamId);
      case 'track-config':
        return this.#publishing(message.streamId).configureTrack(message.track);
      case 'capture-clock':
        return this.#publishing(message.streamId).setCaptureClock(message.timestamp, message.time);
      case 'clock':
        return this.send({ type: 'clock', sent: message.sent, time: this.services.streams.clock.now() });
      case 'join-stream':
        return this.#join(message);
      case 'leave-stream':
        return this.#leave(message.streamId);
    }
  }

  async #start(message: StartStreamMessage): Promise<void> {
    const { publishers, access, context, playbackUrl } = this.services;
    const { streamId, token, userId } = message;
    const publishing = this.#session?.connected ? this.#session.stream.id : undefined;
    if (publishing !== undefined) {
      throw new LivestreamError(
        'BAD_MESSAGE',
        `this connection already publishes '${publishing}'; stop it first or open another connection`,
      );
    }
    await access.checkOrigin(context);
    const tokenHash = message.resume && (await hashToken(message.resume.token));
    const grant = publishers.canResume(message, tokenHash)
      ? undefined
      : await access.authorizePublish({ streamId, token, userId, context });
    if (this.#socket.isClosed) return;
    const session = publishers.start(message, tokenHash, { grant, address: this.services.address });
    this.#session = session;
    const { received, resumeToken } = session;
    // The answer comes first, then what there is to tell.
    this.send({
      type: 'stream-started',
      streamId,
      playbackUrl: playbackUrl(streamId),
      resumeToken,
      received,
    });
    session.attach(this);
  }

  async #stop(streamId: string): Promise<void> {
    const session = this.#publishing(streamId);
    this.#session = undefined;
    await session.stop('stopped');
  }

  /** The session of this connection for a stream. */
  #publishing(streamId: string): PublishSession {
    const session = this.#session;
    if (session?.stream.id === streamId) return session;
    throw new LivestreamError(
      'NOT_STREAMING',
      `this connection does not publish '${streamId}'; send start-stream first`,
    );
  }

  async #join({ streamId, token, renews }: JoinStreamMessage): Promise<void> {
    const { streams, audience, access, context, limits, viewers, address, publishers } = this.services;
    // Viewers who come back at once would keep it from closing.
    publishers.assertOpen();
    const isNew = !this.#joined.has(streamId);
    if (isNew && this.#joined.size >= limits.maxJoins) {
      throw new LivestreamError(
        'RATE_LIMITED',
        `this connection has joined ${limits.maxJoins} streams, the most there may be; leave one, or open another connection`,
        { limit: 'maxJoins', retryAfter: FULL_RETRY_AFTER },
      );
    }
    const stream = streams.get(streamId);
    if (access.guards(stream)) {
      try {
        await access.authorizePlay({ streamId, token, context }, stream);
        if (token !== undefined && renews !== undefined) await access.renew(renews, token, streamId);
      } catch (error) {
        // The connection may have other streams, and ask again with a newer token.
        this.#report(error, streamId, 'stays');
        return;
      }
      if (this.#socket.isClosed) return;
    }
    if (isNew) this.#joined.set(streamId, viewers.take({ address }));
    const count = audience.join(streamId, this);
    this.send({ type: 'stream-joined', streamId, status: streams.status(streamId), viewers: count });
    audience.announceCount(streamId);
  }

  #leave(streamId: string): void {
    this.#joined.get(streamId)?.();
    this.#joined.delete(streamId);
    this.services.audience.leave(streamId, this);
  }

  /** @param fate `stays`: whatever the error, the connection does not close */
  #report(error: unknown, streamId?: string, fate?: 'stays'): void {
    const known = error instanceof LivestreamError ? error : undefined;
    if (!known) this.services.logger.error({ err: error, streamId }, 'a message could not be handled');
    this.services.refusals.count(known?.limit);
    const code = known?.code ?? 'BAD_MESSAGE';
    const message = known?.message ?? 'the message could not be handled';
    const close = fate === 'stays' ? undefined : this.#closeCode(known);
    this.send({
      type: 'error',
      code,
      message,
      streamId: streamId ?? known?.streamId,
      fatal: close !== undefined,
      retryAfter: known?.retryAfter,
    });
    if (close !== undefined) this.close(close, code);
  }

  /** Undefined: the connection is still of use. */
  #closeCode(error: LivestreamError | undefined): number | undefined {
    if (error?.limit === 'idleTime') return CloseCode.POLICY_VIOLATION;
    // It has joined as many as that, and goes on with them.
    if (error?.limit === 'maxJoins') return undefined;
    // Only one viewer too many: what the connection does for others goes on.
    const isShared = this.#session?.connected || this.#joined.size > 0;
    if (isShared && (error?.limit === 'maxViewers' || error?.limit === 'maxViewersPerAddress')) {
      return undefined;
    }
    // Who floods is up to no good, though it may come again.
    const isFlood = error?.limit === 'maxCommandRate' || error?.limit === 'maxPendingMessages';
    if (error?.retryAfter !== undefined && !isFlood) return CloseCode.TRY_AGAIN_LATER;
    return error && CLOSE_CODES[error.code];
  }
}

/** Errors after which a connection is of no use, or its client is up to no good. */
const CLOSE_CODES: Partial<Record<LivestreamError['code'], number>> = {
  UNAUTHORIZED: CloseCode.POLICY_VIOLATION,
  TOO_LARGE: CloseCode.MESSAGE_TOO_BIG,
  RATE_LIMITED: CloseCode.POLICY_VIOLATION,
  SHUTTING_DOWN: CloseCode.TRY_AGAIN_LATER,
  SERVER_FULL: CloseCode.TRY_AGAIN_LATER,
};
