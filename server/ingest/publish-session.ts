import { LivestreamError } from '../errors.js';
import type { Limits, Logger } from '../options.js';
import { CloseCode, type ServerMessage, type StopReason, type TrackConfig } from '../protocol.js';
import type { Audience, Listener } from '../streams/audience.js';
import type { Refusals } from '../streams/refusals.js';
import type { Stream } from '../streams/stream.js';
import { Countdown } from './countdown.js';
import { Handover } from './handover.js';
import type { FilePlace, Ingest, IngestEvents } from './ingest.js';
import type { PublishGrant } from '../streams/publish-grant.js';
import { PublishRate } from './publish-rate.js';
import { createToken } from './resume-token.js';

/** A publisher's connection, as a session needs it. */
export interface PublisherConnection extends Listener {
  close(code: number, reason: string): void;
  /** Stops reading from the client, so that TCP slows it down. */
  pause(): void;
  resume(): void;
}

export interface PublishSessionOptions {
  stream: Stream;
  audience: Audience;
  limits: Limits;
  refusals: Refusals;
  logger: Logger;
  /** Default: nothing that can be taken back. */
  grant?: PublishGrant;
  createIngest(events: IngestEvents): Ingest;
  /** Of a publisher that resumes a stream which another process began. Default: a new one. */
  resumeToken?: string | undefined;
  /** How many binary messages that process had. Default 0. */
  received?: number;
  /** For how long that publisher had nobody to send to, seconds. Default 0. */
  awayFor?: number | undefined;
  /** A message was taken. */
  onReceived?(session: PublishSession): void;
  /** The session is over and forgotten. */
  onOver(session: PublishSession): void;
}

/** Received messages are acknowledged at most this often, milliseconds. */
const ACK_INTERVAL = 250;

const RESTARTS = 'the server restarts; connect again and resume';

/** One publisher of one stream. It outlives its connection by the grace time, for the publisher to resume. */
export class PublishSession {
  readonly resumeToken: string;
  /** Where the publisher is, or was last; undefined: nobody knows, or no limit of an address applies. */
  address: string | undefined;
  #received: number;
  #acknowledged: number;
  #ackTimer: ReturnType<typeof setTimeout> | undefined;
  #connection: PublisherConnection | undefined;
  #ingest: Ingest;
  readonly #silence = new Countdown(() => this.#onQuiet());
  /** When the publisher was last heard, milliseconds on a clock that never goes back. */
  #heardAt = 0;
  readonly #grace = new Countdown(() => {
    this.options.refusals.count('graceTime');
    this.#stopUnasked('timed-out');
  });
  #over = false;
  #stopping: Promise<void> | undefined;
  #paused = false;
  /** The next process is to go on, from the first message with which it can. */
  #handover: Handover | undefined;
  /** When the publisher was lost, milliseconds on a clock that never goes back. */
  #detachedAt: number | undefined;
  readonly #rate: PublishRate;

  constructor(private readonly options: PublishSessionOptions) {
    this.resumeToken = options.resumeToken ?? createToken();
    this.#received = this.#acknowledged = options.received ?? 0;
    this.#rate = new PublishRate(options.limits);
    this.#rate.allowCatchingUp(options.awayFor ?? 0);
    this.#ingest = options.createIngest({
      onFailure: (error) => this.fail(error),
      onNotice: ({ code, message, limit }) => {
        options.refusals.count(limit);
        this.#send({ type: 'error', code, message, streamId: this.stream.id, fatal: false });
      },
    });
  }

  get stream(): Stream {
    return this.options.stream;
  }

  /** On what its publisher may publish. */
  get grant(): PublishGrant {
    return this.options.grant ?? {};
  }

  /** How many binary messages are held safely: the number of the next one. */
  get received(): number {
    return this.#received;
  }

  /** See {@link Ingest.place}; the number is that of the publisher's message. */
  place(isFinal: boolean): FilePlace | undefined {
    const place = this.#ingest.place?.(isFinal);
    return place && { ...place, message: (this.options.received ?? 0) + place.message };
  }

  /** It takes nothing any more, though what it holds may still be on its way. */
  get isOver(): boolean {
    return this.#over;
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /** Gives the session its connection; one that it still has is told that it was replaced. */
  attach(connection: PublisherConnection): void {
    const before = this.#connection;
    if (before) {
      this.options.audience.unfollow(this.stream.id, before);
      before.send({ type: 'stream-stopped', streamId: this.stream.id, reason: 'replaced' });
      before.close(CloseCode.REPLACED, 'another connection resumed this stream');
    }
    this.#grace.stop();
    this.#connection = connection;
    if (this.#detachedAt !== undefined)
      this.#rate.allowCatchingUp((performance.now() - this.#detachedAt) / 1000);
    this.#detachedAt = undefined;
    this.#acknowledged = this.#received;
    this.options.audience.follow(this.stream.id, connection);
    this.stream.setConnected(true);
    if (this.#paused) connection.pause();
    this.#expectData();
  }

  /** The connection is gone: the stream waits for its publisher to resume. */
  detach(connection: PublisherConnection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#detachedAt = performance.now();
    this.options.audience.unfollow(this.stream.id, connection);
    this.#clearTimers();
    this.#handover?.end();
    if (this.#over || this.#handover) return;
    this.stream.setConnected(false);
    this.#grace.start(this.options.limits.graceTime * 1000);
  }

  /** Ends the session but not its stream, which another session goes on with; undefined when both are over. */
  release(): Stream | undefined {
    if (this.#over) return undefined;
    this.#over = true;
    this.#clearTimers();
    this.#ingest.kill();
    this.options.onOver(this);
    return this.stream;
  }

  /** Takes the next binary message. Failures end the session; nothing is thrown. */
  receive(bytes: Uint8Array): void {
    if (this.#over) return;
    const { limits } = this.options;
    if (this.#handover?.takes(bytes)) return;
    if (this.stream.age > limits.maxStreamTime) {
      this.#expire();
      return;
    }
    try {
      this.#rate.take(bytes);
      this.#received++;
      if (!this.#ingest.write(bytes)) this.#pause();
    } catch (error) {
      this.fail(asLivestreamError(error));
      return;
    }
    this.#expectData();
    this.options.onReceived?.(this);
    this.#ackTimer ??= setTimeout(() => this.#acknowledge(), ACK_INTERVAL);
  }

  /**
   * Takes a track's new configuration.
   * @throws LivestreamError UNSUPPORTED_FORMAT or BAD_MESSAGE; the session goes on
   */
  configureTrack(track: TrackConfig): void {
    if (!this.#ingest.configureTrack) throw framesOnly('track-config');
    if (!this.#over) this.#ingest.configureTrack(track);
  }

  /**
   * Takes when a timestamp was captured; see {@link Ingest.setCaptureClock}.
   * @throws LivestreamError UNSUPPORTED_FORMAT or BAD_MESSAGE; the session goes on
   */
  setCaptureClock(timestamp: number, time: number): void {
    if (!this.#ingest.setCaptureClock) throw framesOnly('capture-clock');
    if (!this.#over) this.#ingest.setCaptureClock(timestamp, time);
  }

  /** Publishes everything received, ends the playlists, then tells the publisher. */
  async stop(reason: StopReason): Promise<void> {
    // Whoever asks again waits for the same end.
    if (this.#over) return this.#stopping;
    this.#over = true;
    this.#clearTimers();
    this.#stopping = this.#end(reason);
    await this.#stopping;
  }

  /** Whatever becomes of its last media: a stream that did not end would keep its id for ever. */
  async #end(reason: StopReason): Promise<void> {
    try {
      await this.#ingest.end();
    } finally {
      this.#conclude(reason);
    }
  }

  /**
   * Publishes everything up to the next key frame, with which another process can go on so that nothing is missing and nothing
   * comes twice, leaves the playlists open for it, and tells the publisher to come back.
   * @param save resolves when that process can know of it
   */
  async suspend(save: () => Promise<void>): Promise<void> {
    if (this.#over) return this.#stopping;
    if (!(await this.#untilGroup())) return this.#stopping;
    this.#stopping = this.#suspend(save);
    await this.#stopping;
  }

  /**
   * Takes nothing any more from the next key frame on, but for sound of before it. Resolves then, or where none comes in time.
   * @returns false where the stream came to an end meanwhile
   */
  async #untilGroup(): Promise<boolean> {
    if (this.#connection && this.#ingest.canBegin) {
      this.#handover = new Handover(this.#ingest);
      await this.#handover.over;
      this.#handover = undefined;
    }
    return !this.#over;
  }

  async #suspend(save: () => Promise<void>): Promise<void> {
    this.#over = true;
    this.#clearTimers();
    const { stream } = this;
    const { audience, logger } = this.options;
    try {
      await this.#ingest.end();
    } finally {
      stream.suspend();
      await save();
      const connection = this.#connection;
      this.#acknowledge();
      this.#send({
        type: 'error',
        code: 'SHUTTING_DOWN',
        message: RESTARTS,
        streamId: stream.id,
        fatal: true,
      });
      this.#unpause();
      this.#connection = undefined;
      if (connection) {
        audience.unfollow(stream.id, connection);
        connection.close(CloseCode.SERVICE_RESTART, RESTARTS);
      }
      logger.info({ streamId: stream.id }, 'the stream waits for the next process');
      this.options.onOver(this);
    }
  }

  #stopUnasked(reason: StopReason): void {
    this.stop(reason).catch((error: unknown) => {
      this.options.logger.error(
        { streamId: this.stream.id, err: error },
        'the stream could not be ended properly',
      );
    });
  }

  /** Ends the stream because of an error, of which the publisher is told. */
  fail(error: LivestreamError): void {
    if (this.#over) return;
    const { code, cause, retryAfter, limit } = error;
    this.options.refusals.count(limit);
    this.options.logger.warn(
      { streamId: this.stream.id, code, ...(cause ? { err: cause } : {}) },
      error.message,
    );
    const connection = this.#connection;
    this.#send({
      type: 'error',
      code: error.code,
      message: error.message,
      streamId: this.stream.id,
      fatal: true,
      retryAfter,
    });
    this.#finish('failed');
    const tooBig = error.code === 'TOO_LARGE';
    connection?.close(tooBig ? CloseCode.MESSAGE_TOO_BIG : CloseCode.POLICY_VIOLATION, error.code);
  }

  /** The stream has lasted as long as one may: it is ended properly, and its publisher may start another. */
  #expire(): void {
    const { limits, refusals } = this.options;
    const message = `the stream has lasted ${limits.maxStreamTime} s, as long as one may; start another`;
    const { id: streamId } = this.stream;
    refusals.count('maxStreamTime');
    this.#send({ type: 'error', code: 'RATE_LIMITED', message, streamId, fatal: false, retryAfter: 1 });
    this.#stopUnasked('timed-out');
  }

  /** Ends the stream at once, with what has been published. */
  #finish(reason: StopReason): void {
    if (this.#over) return;
    this.#over = true;
    this.#clearTimers();
    this.#ingest.kill();
    this.#conclude(reason);
  }

  #conclude(reason: StopReason): void {
    if (reason !== 'failed') this.#acknowledge();
    this.stream.end();
    this.#send({ type: 'stream-stopped', streamId: this.stream.id, reason });
    if (this.#connection) this.options.audience.unfollow(this.stream.id, this.#connection);
    // The connection may publish another stream.
    this.#unpause();
    this.#connection = undefined;
    this.options.logger.info({ streamId: this.stream.id, reason }, 'the stream is over');
    this.options.onOver(this);
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#connection?.pause();
    void this.#ingest.drained().then(() => {
      this.#unpause();
      if (!this.#over && this.#connection) this.#expectData();
    });
  }

  #unpause(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#connection?.resume();
  }

  /** Starts waiting anew for the publisher's next message. A timer for each of hundreds a second would cost more than they do. */
  #expectData(): void {
    this.#heardAt = performance.now();
    if (!this.#silence.isRunning) this.#silence.start(this.options.limits.silenceTime * 1000);
  }

  #onQuiet(): void {
    const left = this.#heardAt + this.options.limits.silenceTime * 1000 - performance.now();
    if (left > 0) this.#silence.start(left);
    else this.#onSilence();
  }

  #onSilence(): void {
    const connection = this.#connection;
    // While it is paused the publisher cannot be heard.
    if (!connection || this.#paused) return;
    const message = `no stream data for ${this.options.limits.silenceTime} s; connect again and resume`;
    this.options.refusals.count('silenceTime');
    this.#send({ type: 'error', code: 'NOT_STREAMING', message, streamId: this.stream.id, fatal: true });
    connection.close(CloseCode.SILENT, message);
    this.detach(connection);
  }

  #acknowledge(): void {
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
    if (this.#received === this.#acknowledged) return;
    this.#acknowledged = this.#received;
    this.#send({ type: 'ack', streamId: this.stream.id, received: this.#received });
  }

  #send(message: ServerMessage): void {
    this.#connection?.send(message);
  }

  #clearTimers(): void {
    this.#silence.stop();
    this.#grace.stop();
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
  }
}

function framesOnly(type: string): LivestreamError {
  return new LivestreamError('UNSUPPORTED_FORMAT', `${type} belongs to the format 'frames'`);
}

function asLivestreamError(error: unknown): LivestreamError {
  if (error instanceof LivestreamError) return error;
  return new LivestreamError('TRANSCODER_FAILED', 'the stream data could not be processed', { cause: error });
}
