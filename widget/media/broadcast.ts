import type {
  ErrorMessage,
  ServerMessage,
  StopReason,
  StreamFormat,
  TrackConfig,
} from '../../server/protocol.js';
import { LivedropError } from '../errors.js';
import { BroadcastMonitor, type BroadcastHealth } from './broadcast-monitor.js';
import { Deferred } from './deferred.js';
import type { Encoder, EncoderEvents } from './encoder.js';
import { Publisher, type PublisherLink, type PublisherOptions, type StartFields } from './publisher.js';
import type { Dropped } from './send-queue.js';
import type { ServerClock } from './server-clock.js';

/** What publishing is doing. */
export type PublishState =
  'idle' | 'connecting' | 'starting' | 'live' | 'reconnecting' | 'stopping' | 'ended';

export interface BroadcastOptions extends Partial<PublisherOptions> {
  /** Seconds until the server must have answered `start-stream`. @default 10 */
  startTimeout?: number;
  /** Seconds from the server's answer until viewers must have something to play. @default 10 */
  showTimeout?: number;
  /** Seconds until the server must have answered `stop-stream`. @default 10 */
  stopTimeout?: number;
}

export interface BroadcastEvents {
  onState(state: PublishState, reason?: StopReason): void;
  /** undefined: what was wrong works again. */
  onError(error: LivedropError | undefined): void;
  onDropped(dropped: Dropped): void;
  onHealth?(health: BroadcastHealth): void;
}

/** Attempts in a row that find our own stream in use: with the waits between them about half a minute. */
const MAX_IN_USE = 10;

/** Answers to `start-stream` after which it makes no sense to go on. */
const REFUSALS: ReadonlySet<string> = new Set([
  'BAD_MESSAGE',
  'UNSUPPORTED_FORMAT',
  'UNAUTHORIZED',
  'STREAM_IN_USE',
  'NOT_STREAMING',
  'RATE_LIMITED',
  'SERVER_FULL',
  'TRANSCODER_FAILED',
]);

/** One stream's publishing, from the wish to start it to its end. */
export class Broadcast {
  readonly streamId: string;
  readonly #events: BroadcastEvents;
  readonly #options: BroadcastOptions;
  readonly #encoder: Encoder;
  readonly #link: PublisherLink;
  readonly #publisher: Publisher;
  readonly #monitor: BroadcastMonitor;
  readonly #started = new Deferred();
  readonly #stopped = new Deferred();
  #format: StreamFormat | undefined;
  #state: PublishState = 'idle';
  #isConnected = false;
  #isStopping = false;
  #hasStarted = false;
  #isShowing = false;
  #fatalError: LivedropError | undefined;
  #inUseCount = 0;
  /** The server did not take the format, and what the encoder makes now was not offered yet. */
  #hasOtherFormat = false;
  #startTimer: ReturnType<typeof setTimeout> | undefined;
  #showTimer: ReturnType<typeof setTimeout> | undefined;
  #stopTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param start asked for each `start-stream`; the format is added
   * @param clock whose answers come with `clockAnswered`
   */
  constructor(
    start: () => StartFields,
    encoder: (events: EncoderEvents) => Encoder,
    link: PublisherLink,
    events: BroadcastEvents,
    options: BroadcastOptions = {},
    clock?: ServerClock,
  ) {
    this.streamId = start().streamId;
    this.#events = events;
    this.#options = options;
    this.#link = link;
    this.#encoder = encoder({
      onData: (bytes) => {
        this.#publisher.push(bytes);
        this.#monitor.tick();
        link.tick();
      },
      onTrackConfig: (track) => this.#trackChanged(track),
      onError: (error) => this.#encoderFailed(error),
    });
    this.#publisher = new Publisher(
      () => ({ ...start(), format: this.#format }),
      link,
      {
        onStarted: (_message, resumed) => this.#serverStarted(resumed),
        onRestartEncoder: () => this.#restartEncoder(),
        onDropped: (dropped) => events.onDropped(dropped),
      },
      options,
    );
    this.#monitor = new BroadcastMonitor({
      streamId: this.streamId,
      encoder: this.#encoder,
      publisher: this.#publisher,
      clock,
      bufferedAmount: () => link.bufferedAmount(),
      send: (message) => link.send(message),
      onHealth: (health) => {
        if (this.#state !== 'ended') events.onHealth?.(health);
      },
    });
  }

  get bufferedBytes(): number {
    return this.#publisher.bufferedBytes;
  }

  get bufferedSeconds(): number {
    return this.#publisher.bufferedSeconds;
  }

  /** Whether to come back although the server refused. Who was live does not end over a server that says when it has room. */
  mayReturn({ code, retryAfter }: ErrorMessage): boolean {
    if (code === 'UNSUPPORTED_FORMAT') return this.#hasOtherFormat;
    if (retryAfter !== undefined) return this.#hasStarted && this.#state !== 'ended';
    return code === 'STREAM_IN_USE' && this.#mayRetryInUse();
  }

  /** The server's clock has answered. */
  clockAnswered(): void {
    this.#monitor.clockAnswered();
  }

  /** Resolves when the server takes the stream. Rejects with a LivedropError; then it is over. */
  async start(): Promise<void> {
    this.#setState('connecting');
    const timeout = this.#options.startTimeout ?? 10;
    this.#startTimer = setTimeout(() => {
      const message = `Socket not connected: no answer to start-stream within ${timeout} s.`;
      // A server that is full says so, and when to ask again; it may be full then, too.
      this.#end(undefined, this.#fatalError ?? new LivedropError('SOCKET_NOT_CONNECTED', message));
    }, timeout * 1000);
    await this.#use(this.#encoder.start());
    return this.#started.promise;
  }

  /** Resolves when the server has published all it received, or does not answer any more. */
  async stop(): Promise<void> {
    if (this.#state === 'ended') return;
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.#setState('stopping');
      this.#stopTimer = setTimeout(() => this.#end('stopped'), (this.#options.stopTimeout ?? 10) * 1000);
      if (!this.#hasStarted) this.abort();
      await this.#encoder.stop();
      this.#publisher.stop();
    }
    return this.#stopped.promise;
  }

  /** Ends it without waiting for anybody. */
  abort(): void {
    this.#link.send({ type: 'stop-stream', streamId: this.streamId });
    this.#end('stopped');
  }

  connectionOpened(): void {
    this.#isConnected = true;
    if (this.#format) this.#sendStart();
  }

  connectionLost(error: LivedropError, retrying: boolean): void {
    this.#isConnected = false;
    this.#publisher.connectionLost();
    if (!retrying) this.#end(undefined, error);
    else if (!this.#isStopping) this.#setState(this.#hasStarted ? 'reconnecting' : 'connecting');
    clearTimeout(this.#showTimer);
  }

  /** Takes the messages that are about this stream, or about none. */
  handle(message: ServerMessage): void {
    if (this.#state === 'ended') return;
    this.#publisher.handle(message);
    switch (message.type) {
      case 'stream-status':
        if (message.status === 'live') this.#showing();
        break;
      case 'stream-stopped':
        // A restarting server forgets the stream, and takes it again when it is back: see `connectionLost`.
        if (message.reason === 'shutdown') break;
        this.#end(message.reason, message.reason === 'failed' ? this.#fatalError : undefined);
        break;
      case 'error':
        this.#serverError(message);
        break;
    }
  }

  /** Whether to try again after `STREAM_IN_USE`: the server may not have noticed that our old connection is gone. */
  #mayRetryInUse(): boolean {
    return this.#publisher.mayBeInUseByUs && ++this.#inUseCount <= MAX_IN_USE;
  }

  /** Offers the server the format, as soon as it is known. */
  async #use(format: Promise<StreamFormat>): Promise<void> {
    try {
      this.#format = await format;
    } catch (cause) {
      const error =
        cause instanceof LivedropError
          ? cause
          : new LivedropError('MEDIA_ERROR', 'The browser could not encode the video.', { cause });
      this.#end(undefined, error);
    }
    if (this.#isConnected) this.#sendStart();
  }

  /** @returns false where the encoder makes no other one */
  #useOtherFormat(): boolean {
    const format = this.#hasStarted ? undefined : this.#encoder.refused?.();
    if (!format) return false;
    this.#hasOtherFormat = true;
    this.#format = undefined;
    this.#publisher.reset();
    void this.#use(format);
    return true;
  }

  #trackChanged(track: TrackConfig): void {
    if (this.#format?.kind !== 'frames') return;
    const tracks = this.#format.tracks.map((other) => (other.id === track.id ? track : other));
    this.#format = { kind: 'frames', tracks };
    this.#publisher.pushConfig(track);
  }

  #sendStart(): void {
    if (this.#state === 'ended') return;
    this.#hasOtherFormat = false;
    if (!this.#isStopping) this.#setState(this.#hasStarted ? 'reconnecting' : 'starting');
    this.#publisher.connectionOpened();
  }

  #serverStarted(resumed: boolean): void {
    clearTimeout(this.#startTimer);
    this.#hasStarted = true;
    this.#monitor.started();
    this.#inUseCount = 0;
    this.#fatalError = undefined;
    this.#started.resolve();
    if (!resumed) this.#isShowing = false;
    if (this.#isStopping) return;
    this.#setState(this.#isShowing ? 'live' : 'starting');
    if (this.#isShowing) return;
    const timeout = this.#options.showTimeout ?? 10;
    this.#showTimer = setTimeout(() => {
      const message = `Stream not showing for viewers: "${this.streamId}" is sent for ${timeout} s, and there is nothing to play yet.`;
      this.#events.onError(new LivedropError('STREAM_NOT_SHOWING', message));
    }, timeout * 1000);
  }

  #showing(): void {
    clearTimeout(this.#showTimer);
    this.#isShowing = true;
    this.#events.onError(undefined);
    if (!this.#isStopping && this.#isConnected) this.#setState('live');
  }

  #serverError(message: ErrorMessage): void {
    const error = new LivedropError(message.code, message.message);
    if (error.code === 'UNSUPPORTED_FORMAT' && this.#useOtherFormat()) return;
    if (message.fatal) {
      // What follows, coming back or the end, depends on how the connection closes: see `connectionLost`.
      this.#fatalError = error;
    } else if (error.code === 'STREAM_IN_USE' && this.#mayRetryInUse()) {
      this.#link.restart(error.message);
    } else if (this.#publisher.isStarting && this.mayReturn(message)) {
      this.#link.restart(error.message, message.retryAfter);
    } else if (this.#publisher.isStarting && REFUSALS.has(error.code)) {
      this.#end('failed', error);
    } else {
      this.#events.onError(error);
    }
  }

  #restartEncoder(): void {
    try {
      this.#encoder.restart();
    } catch (error) {
      this.#encoderFailed(error as LivedropError);
    }
  }

  /** What was encoded so far still goes out. */
  #encoderFailed(error: LivedropError): void {
    this.#events.onError(error);
    void this.stop();
  }

  #end(reason: StopReason | undefined, error?: LivedropError): void {
    if (this.#state === 'ended') return;
    clearTimeout(this.#startTimer);
    clearTimeout(this.#showTimer);
    clearTimeout(this.#stopTimer);
    void this.#encoder.stop();
    if (error) this.#events.onError(error);
    this.#setState('ended', reason);
    const message = `"${this.streamId}" was stopped before the server took it.`;
    this.#started.reject(error ?? new LivedropError('NOT_STREAMING', message));
    this.#stopped.resolve();
  }

  #setState(state: PublishState, reason?: StopReason): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#events.onState(state, reason);
  }
}
