import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { ErrorMessage, ServerMessage, StopReason, StreamStatus } from '../../server/protocol.js';
import { resolveBackend } from '../backend-url.js';
import { createDebugLog, withoutSecrets, type DebugLog } from '../debug.js';
import { LivedropError } from '../errors.js';
import { Broadcast, type PublishState } from '../media/broadcast.js';
import { AutoEncoder, prepareEncoder } from '../media/auto-encoder.js';
import type { BroadcastHealth } from '../media/broadcast-monitor.js';
import { ClockQuestions } from '../media/clock-questions.js';
import { Connection } from '../media/connection.js';
import type { EncoderFactory } from '../media/encoder.js';
import { Joins } from '../media/joins.js';
import { positive } from '../media/positive.js';
import { ServerClock } from '../media/server-clock.js';
import type {
  LivestreamSocketEvents,
  LivestreamSocketOptions,
  StartStreamOptions,
} from './livestream-socket-types.js';
import { TypedEventTarget } from './typed-event-target.js';

export type * from './livestream-socket-types.js';

/**
 * One WebSocket to the server: publishes one MediaStream and joins any number of streams as a viewer. It
 * opens by itself when it is needed, comes back when it breaks, and then goes on where it was.
 *
 * Publishing and joining end when the host leaves the document for good; moving it does no harm.
 */
export class LivestreamSocketController
  extends TypedEventTarget<LivestreamSocketEvents>
  implements ReactiveController
{
  readonly #host: ReactiveControllerHost;
  readonly #options: LivestreamSocketOptions;
  readonly #debug: DebugLog;

  /** The server's clock beside this page's, from questions over this connection. Publishing asks; else `ask()` does. */
  readonly serverClock = new ServerClock((sent) => this.#connection?.send({ type: 'clock', sent }));

  #connection: Connection | undefined;
  #broadcast: Broadcast | undefined;
  /** Settles with the newest start. */
  #started: Promise<void> | undefined;
  /** Counts starts, so that one which had to wait knows whether it still is the newest. */
  #attempt = 0;
  readonly #joined = new Joins();
  readonly #clockQuestions = new ClockQuestions(() => this.serverClock.ask());
  #isHostConnected = false;
  #isConnected = false;
  #state: PublishState = 'idle';
  #stopReason: StopReason | undefined;
  #streamId: string | undefined;
  #streamStatus: StreamStatus | undefined;
  #viewerCount = 0;
  #startedAt: Date | undefined;
  #error: LivedropError | undefined;
  #health: BroadcastHealth | undefined;

  constructor(host: ReactiveControllerHost, options: LivestreamSocketOptions = {}) {
    super();
    this.#host = host;
    this.#options = options;
    this.#debug = createDebugLog(options.debug);
    host.addController(this);
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** What the server's clock says now, milliseconds since the epoch; undefined until it was asked. */
  get serverTime(): number | undefined {
    return this.serverClock.time;
  }

  /** Of publishing. */
  get state(): PublishState {
    return this.#state;
  }

  /** Why publishing ended, in state `ended`; undefined where an `error` ended it. */
  get stopReason(): StopReason | undefined {
    return this.#stopReason;
  }

  /** The stream that is published, or was joined last. */
  get streamId(): string | undefined {
    return this.#streamId;
  }

  /** Of that stream; undefined until the server told it. */
  get streamStatus(): StreamStatus | undefined {
    return this.#streamStatus;
  }

  /** The same as {@link streamStatus}. */
  get status(): StreamStatus | undefined {
    return this.#streamStatus;
  }

  /** Of that stream. */
  get viewerCount(): number {
    return this.#viewerCount;
  }

  /** Address of that stream's multivariant playlist. */
  get playbackUrl(): string | undefined {
    if (this.#streamId === undefined) return undefined;
    try {
      const { backendUrl, cdnUrl } = this.#options;
      return resolveBackend(backendUrl?.(), cdnUrl?.()).playbackUrl(this.#streamId);
    } catch {
      return undefined;
    }
  }

  /** When viewers could first see the published stream. */
  get startedAt(): Date | undefined {
    return this.#startedAt;
  }

  /** The last one; undefined again when what failed works, or a new start is made. */
  get error(): LivedropError | undefined {
    return this.#error;
  }

  /** How much media is kept until the server has it. It grows while the connection is broken. */
  get bufferedSeconds(): number {
    return this.#broadcast?.bufferedSeconds ?? 0;
  }

  get bufferedBytes(): number {
    return this.#broadcast?.bufferedBytes ?? 0;
  }

  /** How publishing does; undefined before the first second of it. */
  get health(): BroadcastHealth | undefined {
    return this.#health;
  }

  /** Loads what encoding needs, and starts its worker, so that a start to come is faster. Does no harm where none comes. */
  async warmUp(): Promise<void> {
    await prepareEncoder();
  }

  hostConnected(): void {
    this.#isHostConnected = true;
    addEventListener('pagehide', this.#onPageHide);
  }

  hostDisconnected(): void {
    this.#isHostConnected = false;
    removeEventListener('pagehide', this.#onPageHide);
    // Moving an element disconnects and connects it in one go.
    queueMicrotask(() => {
      if (!this.#isHostConnected) this.disconnect();
    });
  }

  /** Opens the socket and joins the stream as a viewer, unless it is published here. Failures are told by `error`. */
  connect(streamId: string): void {
    if (this.#broadcast?.streamId === streamId && this.#isPublishing) this.#open();
    else this.joinStream(streamId);
  }

  /** Stops publishing, leaves every stream and closes the socket. */
  disconnect(): void {
    this.#attempt++;
    this.#broadcast?.abort();
    for (const streamId of this.#joined) this.leaveStream(streamId);
    this.#close();
    this.#error = undefined;
    this.#host.requestUpdate();
  }

  /**
   * Publishes a MediaStream: that of the options, else that of the constructor's `stream`. Connects by itself.
   *
   * Resolves when the server takes the stream; `state` becomes `live` when viewers can play it. Rejects with a
   * {@link LivedropError}: `NO_MEDIA_STREAM`, `UNSUPPORTED_BROWSER`, `SOCKET_NOT_CONNECTED` after `startTimeout`,
   * or what the server refused with.
   */
  async startStream(streamId: string, userId?: string, options: StartStreamOptions = {}): Promise<void> {
    const isSame = this.#broadcast?.streamId === streamId && this.#state !== 'stopping';
    if (this.#isPublishing && isSame) return this.#started;
    const attempt = ++this.#attempt;
    if (this.#isPublishing) {
      await this.stopStream();
      if (attempt !== this.#attempt) {
        throw new LivedropError('BAD_MESSAGE', 'This start gave way to a later start, or to disconnect.');
      }
    }
    if (this.#joined.delete(streamId)) this.#connection?.send({ type: 'leave-stream', streamId });
    this.#error = undefined;
    this.#stopReason = undefined;
    this.#startedAt = undefined;
    this.#health = undefined;
    this.#show(streamId);

    const { title, stream = this.#options.stream?.() } = options;
    if (!stream?.getTracks().some((track) => track.readyState === 'live')) {
      const error = new LivedropError('NO_MEDIA_STREAM', 'No media stream available.');
      this.#fail(error);
      throw error;
    }
    const { encoder = 'auto' } = options;
    const maxBufferedSeconds = positive(options.maxBufferedSeconds);
    const makeEncoder: EncoderFactory =
      typeof encoder === 'function'
        ? encoder
        : (source, events) => new AutoEncoder(source, events, encoder, options);
    try {
      this.#broadcast = new Broadcast(
        () => ({ streamId, userId, title, token: options.token ?? this.#options.token?.() }),
        (events) => makeEncoder(stream, events),
        {
          send: (message) => this.#connection?.send(message),
          sendData: (bytes) => this.#connection?.sendData(bytes),
          restart: (reason, retryAfter) => this.#connection?.restart(reason, retryAfter),
          tick: () => this.#connection?.tick(),
          bufferedAmount: () => this.#connection?.bufferedAmount ?? 0,
        },
        {
          onState: (state, reason) => this.#setState(state, reason),
          onError: (error) => this.#fail(error),
          onDropped: (dropped) => {
            this.#debug('stream', `gave up ${dropped.seconds.toFixed(1)} s of media`, dropped);
            this.#emit('dropped', dropped);
          },
          onHealth: (health) => this.#onHealth(health),
        },
        { ...this.#options, ...(maxBufferedSeconds === undefined ? {} : { maxBufferedSeconds }) },
        this.serverClock,
      );
    } catch (error) {
      this.#fail(error as LivedropError);
      throw error;
    }
    this.#started = this.#broadcast.start();
    this.#open();
    if (this.#isConnected) this.#broadcast.connectionOpened();
    return this.#started;
  }

  /** Resolves when the server has published everything it received, at the latest after `stopTimeout`. */
  async stopStream(): Promise<void> {
    await this.#broadcast?.stop();
  }

  /** Joins a stream as a viewer, live or not. Connects by itself, and joins again after a break. */
  joinStream(streamId: string): void {
    this.#joined.add(streamId);
    if (!this.#isPublishing) this.#show(streamId);
    this.#open();
    if (this.#isConnected) this.#join(streamId);
  }

  leaveStream(streamId: string): void {
    if (!this.#joined.delete(streamId)) return;
    this.#connection?.send({ type: 'leave-stream', streamId });
    if (this.#joined.size === 0 && !this.#isPublishing) this.#close();
  }

  /** There may be another token than before: joins every stream again with what there is now, so that what plays goes on. */
  renewToken(): void {
    for (const streamId of this.#joined) this.#join(streamId);
  }

  /** A player keeps this token in its addresses: whenever there is another, the server is told that it renews this one. */
  tokenKept(streamId: string, token: string | undefined): void {
    this.#joined.loaded(streamId, token);
  }

  get #isPublishing(): boolean {
    return this.#state !== 'idle' && this.#state !== 'ended';
  }

  #open(): void {
    this.#connection ??= new Connection(
      () => resolveBackend(this.#options.backendUrl?.()).socketUrl,
      {
        onOpen: () => this.#opened(),
        onMessage: (message) => this.#handle(message),
        onLost: (error, retrying) => this.#lost(error, retrying),
        mayReturn: (refusal) => this.#mayReturn(refusal),
        isUrgent: () => this.#isPublishing,
      },
      this.#options,
    );
    this.#connection.open();
  }

  #close(): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.#setConnected(false);
  }

  #opened(): void {
    this.#debug('connection', 'open');
    if (this.#error?.isPassing) this.#fail(undefined);
    this.serverClock.reconnected();
    this.#setConnected(true);
    this.renewToken();
    this.#broadcast?.connectionOpened();
  }

  #lost(error: LivedropError, retrying: boolean): void {
    this.#debug('connection', retrying ? 'lost, coming back' : 'lost', error.message);
    this.#setConnected(false);
    this.#fail(error);
    this.#broadcast?.connectionLost(error, retrying);
  }

  #mayReturn(refusal: ErrorMessage): boolean {
    if (refusal.code === 'SHUTTING_DOWN') return true;
    return this.#broadcast ? this.#broadcast.mayReturn(refusal) : refusal.retryAfter !== undefined;
  }

  #join(streamId: string): void {
    this.#connection?.send(this.#joined.message(streamId, this.#options.token?.()));
  }

  #handle(message: ServerMessage): void {
    // About the connection, not about a stream.
    if (message.type === 'clock') {
      this.serverClock.answered(message.sent, message.time);
      this.#broadcast?.clockAnswered();
      return;
    }
    if (message.type !== 'ack') this.#debug('stream', message.type, withoutSecrets(message));
    const isShown = message.streamId === this.#streamId;
    // A broadcast asks by itself.
    if (message.type === 'stream-joined' && !this.#isPublishing) this.#clockQuestions.start();
    if (message.type === 'stream-joined' && isShown) {
      if (this.#error?.code === 'UNAUTHORIZED') this.#fail(undefined);
      this.#setStatus(message.streamId, message.status);
      this.#setViewerCount(message.streamId, message.viewers);
    }
    if (message.type === 'stream-status' && isShown) this.#setStatus(message.streamId, message.status);
    if (message.type === 'viewer-count' && isShown) this.#setViewerCount(message.streamId, message.count);

    const broadcast = this.#isPublishing ? this.#broadcast : undefined;
    const isForBroadcast = broadcast && (message.streamId ?? broadcast.streamId) === broadcast.streamId;
    if (isForBroadcast) broadcast.handle(message);
    // NOT_STREAMING then answers a stop that crossed with the end.
    else if (message.type === 'error' && message.code !== 'NOT_STREAMING') {
      this.#fail(new LivedropError(message.code, message.message));
    }
  }

  #onHealth(health: BroadcastHealth): void {
    if (health.congestion !== this.#health?.congestion || health.encoder !== this.#health.encoder) {
      this.#debug('media', `${health.encoder}, congestion: ${health.congestion}`, health);
    }
    this.#health = health;
    // No update of the host: most show nothing of it.
    this.dispatchEvent(new CustomEvent('health', { detail: health }));
  }

  #show(streamId: string): void {
    if (this.#streamId === streamId) return;
    this.#streamId = streamId;
    this.#streamStatus = undefined;
    this.#viewerCount = 0;
    this.#host.requestUpdate();
  }

  #setState(state: PublishState, reason?: StopReason): void {
    this.#state = state;
    this.#stopReason = reason;
    if (state === 'live') this.#startedAt ??= new Date();
    this.#debug('stream', reason ? `${state} (${reason})` : state);
    if (state === 'ended') {
      this.#broadcast = undefined;
      if (this.#joined.size === 0) this.#close();
    }
    this.#emit('statechange', { state, ...(reason ? { reason } : {}) });
  }

  #setStatus(streamId: string, status: StreamStatus): void {
    this.#streamStatus = status;
    this.#emit('statuschange', { streamId, status });
  }

  #setViewerCount(streamId: string, count: number): void {
    this.#viewerCount = count;
    this.#emit('viewercount', { streamId, count });
  }

  #setConnected(isConnected: boolean): void {
    if (isConnected === this.#isConnected) return;
    this.#isConnected = isConnected;
    if (!isConnected) this.#clockQuestions.stop();
    this.#emit('connectionchange', { isConnected });
  }

  #fail(error: LivedropError | undefined): void {
    if (error === this.#error) return;
    this.#error = error;
    this.#host.requestUpdate();
    if (!error) return;
    this.#debug('error', `${error.code}: ${error.message}`, error);
    this.#emit('error', { error });
  }

  #emit<K extends keyof LivestreamSocketEvents>(type: K, detail: LivestreamSocketEvents[K]['detail']): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
    this.#host.requestUpdate();
  }

  /** A page that goes away tells its viewers; a page that may come back from the browser's cache does too. */
  readonly #onPageHide = (): void => {
    if (this.#broadcast) this.#connection?.send({ type: 'stop-stream', streamId: this.#broadcast.streamId });
  };
}
