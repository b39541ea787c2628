import type {
  ClientMessage,
  ServerMessage,
  StartStreamMessage,
  StreamStartedMessage,
} from '../../server/protocol.js';
import { SendQueue } from './send-queue.js';

export interface PublisherOptions {
  /** Most bytes kept until the server has them. @default 33554432 */
  maxBufferedBytes: number;
  /** Longest time that media is kept, seconds: the server's own grace time. @default 30 */
  maxBufferedSeconds: number;
  /** Bytes handed to the socket ahead of the network; the rest stays here, where it can be dropped. @default 1048576 */
  maxUnsentBytes: number;
  /** Seconds without any acknowledgement after which the connection counts as dead. @default 8 */
  ackTimeout: number;
}

export const PUBLISHER_DEFAULTS: PublisherOptions = {
  maxBufferedBytes: 32 * 1024 * 1024,
  maxBufferedSeconds: 30,
  maxUnsentBytes: 1024 * 1024,
  ackTimeout: 8,
};

/** What the publisher needs of the connection. */
export interface PublisherLink {
  /** Bytes given to `sendData` that did not leave yet. */
  bufferedAmount(): number;
  send(message: ClientMessage): void;
  sendData(bytes: ArrayBuffer): void;
  /** Give this connection up and make a new one. */
  restart(reason: string): void;
}

export interface PublisherEvents {
  /** The server takes data. `resumed`: it goes on where it was, and viewers see no break. */
  onStarted(message: StreamStartedMessage, resumed: boolean): void;
  /** What the encoder gave so far is of no more use: it must begin a new file. */
  onRestartEncoder(): void;
  /** Kept media was given up, because it exceeded a limit or the server had lost what came before it. */
  onDropped(bytes: number, seconds: number): void;
}

export type StartFields = Pick<StartStreamMessage, 'streamId' | 'userId' | 'token' | 'title' | 'format'>;

/**
 * - `offline`: no connection; media is kept
 * - `starting`: `start-stream` is sent; media is kept
 * - `running`: media is sent
 * - `stopping`: everything is sent, `stop-stream` too
 */
type Phase = 'offline' | 'starting' | 'running' | 'stopping';

/**
 * Sends one stream's media, losing and doubling nothing: each binary message is numbered by its order, and
 * kept until the server acknowledged it. After a break the server says from which one to send again.
 */
export class Publisher {
  readonly #start: () => StartFields;
  readonly #link: PublisherLink;
  readonly #events: PublisherEvents;
  readonly #options: PublisherOptions;
  readonly #now: () => number;

  #phase: Phase = 'offline';
  readonly #queue = new SendQueue();
  #resumeToken: string | undefined;
  /** `start-stream` was sent and the connection broke before the answer. */
  #isUnanswered = false;
  /** Something is missing before the media to come: only a new file makes sense to the server. */
  #isBroken = false;
  #isStopping = false;
  /** When the server last showed that it takes what is sent, seconds. */
  #progressAt = 0;

  /**
   * @param start asked for each `start-stream`, since tokens are short-lived
   * @param now a monotonic clock, seconds
   */
  constructor(
    start: () => StartFields,
    link: PublisherLink,
    events: PublisherEvents,
    options: Partial<PublisherOptions> = {},
    now: () => number = () => performance.now() / 1000,
  ) {
    this.#start = start;
    this.#link = link;
    this.#events = events;
    this.#options = { ...PUBLISHER_DEFAULTS, ...options };
    this.#now = now;
  }

  get bufferedBytes(): number {
    return this.#queue.bytes;
  }

  get bufferedSeconds(): number {
    return this.#queue.age(this.#now());
  }

  /** Whether the server may hold this stream for a connection of ours that broke, and that is not resumed. */
  get mayBeInUseByUs(): boolean {
    return this.#isUnanswered || this.#isBroken;
  }

  /** Whether the server's answer to `start-stream` is awaited. */
  get isStarting(): boolean {
    return this.#phase === 'starting';
  }

  connectionOpened(): void {
    // Without the token the server begins afresh: viewers see a discontinuity.
    const token = this.#isBroken ? undefined : this.#resumeToken;
    this.#link.send({ type: 'start-stream', ...this.#start(), ...(token ? { resume: { token } } : {}) });
    this.#phase = 'starting';
  }

  connectionLost(): void {
    if (this.#phase === 'starting' && this.#resumeToken === undefined) this.#isUnanswered = true;
    this.#phase = 'offline';
  }

  /** Takes the messages that are about the published stream. */
  handle(message: ServerMessage): void {
    if (message.type === 'stream-started' && this.#phase === 'starting') this.#started(message);
    if (message.type === 'ack') this.#acknowledged(message.received);
  }

  /** Takes the encoder's next message. */
  push(bytes: ArrayBuffer): void {
    if (this.#isBroken) return;
    const now = this.#now();
    this.#queue.push(bytes, now);
    const { maxBufferedBytes, maxBufferedSeconds, ackTimeout } = this.#options;
    if (this.#queue.bytes > maxBufferedBytes || this.#queue.age(now) > maxBufferedSeconds) {
      this.#giveUpKept();
      return;
    }
    if (this.#phase !== 'running') return;
    if (this.#queue.hasUnacknowledged && now - this.#progressAt > ackTimeout) {
      this.#link.restart(`no acknowledgement for ${ackTimeout} s`);
      return;
    }
    this.#flush();
  }

  /** No data follows: sends what is kept, then `stop-stream`; after a break it does so when it is back. */
  stop(): void {
    this.#isStopping = true;
    if (this.#phase === 'running') this.#flush();
  }

  #started(message: StreamStartedMessage): void {
    const isAfresh = message.received === 0;
    this.#resumeToken = message.resumeToken;
    this.#isUnanswered = false;
    this.#progressAt = this.#now();
    if (!this.#isBroken && this.#queue.resendFrom(message.received)) {
      this.#phase = 'running';
      this.#events.onStarted(message, !isAfresh);
      this.#flush();
      return;
    }
    this.#drop();
    if (!isAfresh) {
      // A server that goes on from a message that is not kept any more: only a fresh start can help.
      this.#isBroken = true;
      this.#link.restart('the server asks for media that was given up');
      return;
    }
    // The container's header is among what the server does not have.
    this.#queue.clear();
    this.#isBroken = false;
    this.#phase = 'running';
    if (!this.#isStopping) this.#events.onRestartEncoder();
    this.#events.onStarted(message, false);
    this.#flush();
  }

  #acknowledged(received: number): void {
    if (this.#phase !== 'running' && this.#phase !== 'stopping') return;
    this.#progressAt = this.#now();
    this.#queue.acknowledge(received);
    if (this.#phase === 'running') this.#flush();
  }

  #flush(): void {
    if (!this.#queue.hasUnacknowledged) this.#progressAt = this.#now();
    while (this.#isStopping || this.#link.bufferedAmount() < this.#options.maxUnsentBytes) {
      const bytes = this.#queue.nextToSend();
      if (!bytes) break;
      this.#link.sendData(bytes);
    }
    if (!this.#isStopping) return;
    this.#phase = 'stopping';
    this.#link.send({ type: 'stop-stream', streamId: this.#start().streamId });
  }

  /** Container bytes cannot be thinned out: a hole anywhere makes the rest unreadable. */
  #giveUpKept(): void {
    this.#drop();
    this.#isBroken = true;
    if (this.#phase === 'running') this.#link.restart('media was given up');
  }

  #drop(): void {
    const bytes = this.#queue.bytes;
    const seconds = this.#queue.age(this.#now());
    this.#queue.drop();
    if (bytes > 0) this.#events.onDropped(bytes, seconds);
  }
}
