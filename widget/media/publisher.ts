import type {
  ClientMessage,
  ServerMessage,
  StartStreamMessage,
  StreamStartedMessage,
  TrackConfig,
} from '../../server/protocol.js';
import { isVideoKeyFrame } from './frame-message.js';
import { SendQueue, type Dropped } from './send-queue.js';

export interface PublisherOptions {
  /** Most bytes kept until the server has them: 30 s at 8 Mbit/s, more than the widget makes. @default 33554432 */
  maxBufferedBytes: number;
  /** Longest time that media is kept, seconds: as long as the server, by default, waits for a publisher to resume. @default 30 */
  maxBufferedSeconds: number;
  /**
   * How long messages are kept that the server has acknowledged, seconds, within `maxBufferedBytes`: one that dies loses what no viewer
   * had fetched, and is sent it again. Several groups, since where a group begins it can go on. @default 10
   */
  acknowledgedSeconds: number;
  /** Bytes handed to the socket ahead of the network; the rest stays here, where it can be dropped. @default 1048576 */
  maxUnsentBytes: number;
  /** The same for frames, which can be dropped one group at a time: little, since what the socket has is too late for that. @default 131072 */
  maxUnsentFrameBytes: number;
  /** Seconds without any acknowledgement after which the connection counts as dead. @default 8 */
  ackTimeout: number;
}

export const PUBLISHER_DEFAULTS: PublisherOptions = {
  maxBufferedBytes: 32 * 1024 * 1024,
  maxBufferedSeconds: 30,
  acknowledgedSeconds: 10,
  maxUnsentBytes: 1024 * 1024,
  maxUnsentFrameBytes: 128 * 1024,
  ackTimeout: 8,
};

/** What the publisher needs of the connection. */
export interface PublisherLink {
  /** Bytes given to `sendData` that did not leave yet. */
  bufferedAmount(): number;
  send(message: ClientMessage): void;
  sendData(bytes: ArrayBuffer): void;
  /**
   * Give this connection up and make a new one.
   * @param retryAfter seconds until then; absent: as soon as may be
   */
  restart(reason: string, retryAfter?: number): void;
  /** Time has passed. Called for all that is encoded: a hidden page's own timers sleep. */
  tick(): void;
}

export interface PublisherEvents {
  /** The server takes data. `resumed`: it goes on where it was, and viewers see no break. */
  onStarted(message: StreamStartedMessage, resumed: boolean): void;
  /** What the encoder gave so far is of no more use: it must begin a new file. */
  onRestartEncoder(): void;
  /** Kept media was given up: it exceeded a limit, or the server had lost what came before it. Viewers see a gap. */
  onDropped(dropped: Dropped): void;
}

/** Seconds: key frames come once a second, so this much of what is unsent may be all that there is to begin with. */
const NEWEST_GROUP = 1;

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
 * kept until the server acknowledged it. After a break the server says from which one to send again. What it acknowledged is kept for
 * a while longer, for one that has lost it.
 */
export class Publisher {
  readonly #start: () => StartFields;
  readonly #link: PublisherLink;
  readonly #events: PublisherEvents;
  readonly #options: PublisherOptions;
  readonly #now: () => number;

  #phase: Phase = 'offline';
  readonly #queue: SendQueue;
  #resumeToken: string | undefined;
  /** `start-stream` was sent and the connection broke before the answer. */
  #isUnanswered = false;
  /** Something is missing before the media to come: only a new file makes sense to the server. */
  #isBroken = false;
  #isStopping = false;
  /** When the server last showed that it takes what is sent, seconds. */
  #progressAt = 0;
  /** To be said before the next binary message. */
  #configs: ClientMessage[] = [];
  #sentBytes = 0;
  #droppedMessages = 0;
  #droppedSeconds = 0;

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
    this.#queue = new SendQueue(this.#options.acknowledgedSeconds);
    this.#now = now;
  }

  get bufferedBytes(): number {
    return this.#queue.bytes;
  }

  get bufferedSeconds(): number {
    return this.#queue.age(this.#now());
  }

  /** How long the next message to send has waited, seconds. */
  get unsentSeconds(): number {
    return this.#queue.unsentAge(this.#now());
  }

  /** Binary data that was sent so far. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Binary messages that were given up so far. */
  get droppedMessages(): number {
    return this.#droppedMessages;
  }

  /** Of media that was given up so far. */
  get droppedSeconds(): number {
    return this.#droppedSeconds;
  }

  /** How long the server has acknowledged nothing of what was sent on this connection, seconds. */
  get silentSeconds(): number {
    return this.#phase === 'running' && this.#queue.hasUnacknowledged ? this.#now() - this.#progressAt : 0;
  }

  /** Whether the server takes what is sent. */
  get isRunning(): boolean {
    return this.#phase === 'running';
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
    const kept = this.#isFrames ? { from: this.#beginning } : { kept: this.#queue.oldest };
    const resume = token !== undefined && { token, ...kept };
    this.#link.send({ type: 'start-stream', ...this.#start(), ...(resume && { resume }) });
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
    const now = this.#now();
    this.#queue.push(bytes, now, this.#configs);
    this.#configs = [];
    this.#keepWithinLimits(now);
    if (this.#phase !== 'running') return;
    const { ackTimeout } = this.#options;
    if (this.#queue.hasUnacknowledged && now - this.#progressAt > ackTimeout) {
      this.#link.restart(`no acknowledgement for ${ackTimeout} s`);
      return;
    }
    this.#flush();
  }

  /** Frames format only: a track's configuration for the messages to come. */
  pushConfig(track: TrackConfig): void {
    this.#configs.push({ type: 'track-config', streamId: this.#start().streamId, track });
  }

  /** Frames format only: gives up what was never sent, up to the newest key frame of it, since it would come too late. */
  dropUnsent(): void {
    if (this.#phase !== 'running' || !this.#isFrames || this.unsentSeconds === 0) return;
    let seconds = Infinity;
    this.#dropGroups(() => {
      const isShorter = this.unsentSeconds > 0 && this.unsentSeconds < seconds;
      const isFirst = seconds === Infinity;
      seconds = this.unsentSeconds;
      return isShorter && (isFirst || seconds > NEWEST_GROUP);
    });
  }

  /** The server does not take what the encoder made so far; another format follows. */
  reset(): void {
    this.#queue.clear();
    this.#configs = [];
    this.#phase = 'offline';
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
    // One that has lost frames is sent no more of them than it needs, though all may still be there.
    const hasLostFrames = isAfresh && this.#isFrames && this.#queue.first > 0;
    if (hasLostFrames || !this.#queue.resendFrom(message.received, this.#progressAt)) {
      this.#beginAnew();
      if (!isAfresh) {
        // It goes on from a message that is not kept any more: only a fresh start can help.
        this.#isBroken = true;
        this.#link.restart('the server asks for media that was given up');
        return;
      }
    }
    this.#isBroken = false;
    this.#phase = 'running';
    this.#events.onStarted(message, !isAfresh);
    this.#flush();
  }

  #acknowledged(received: number): void {
    if (this.#phase !== 'running' && this.#phase !== 'stopping') return;
    this.#progressAt = this.#now();
    this.#queue.acknowledge(received, this.#progressAt);
    if (this.#phase === 'running') this.#flush();
  }

  #flush(): void {
    if (!this.#queue.hasUnacknowledged) this.#progressAt = this.#now();
    const { maxUnsentBytes, maxUnsentFrameBytes } = this.#options;
    const limit = this.#isFrames ? maxUnsentFrameBytes : maxUnsentBytes;
    while (this.#isStopping || this.#link.bufferedAmount() < limit) {
      const item = this.#queue.nextToSend();
      if (!item) break;
      for (const message of item.before) this.#link.send(message);
      this.#link.sendData(item.bytes);
      this.#sentBytes += item.bytes.byteLength;
    }
    if (!this.#isStopping) return;
    this.#phase = 'stopping';
    this.#link.send({ type: 'stop-stream', streamId: this.#start().streamId });
  }

  get #isFrames(): boolean {
    return this.#start().format?.kind === 'frames';
  }

  /** Where a server goes on that has lost what it had. */
  get #beginning(): number {
    return this.#queue.beginning(this.#canBegin) ?? this.#queue.first;
  }

  #keepWithinLimits(now: number): void {
    const { maxBufferedBytes, maxBufferedSeconds } = this.#options;
    const queue = this.#queue;
    queue.makeRoom(maxBufferedBytes);
    if (queue.bytes <= maxBufferedBytes && queue.age(now) <= maxBufferedSeconds) return;
    if (this.#isFrames) {
      // What was sent has its number and is not touched; the oldest of the rest is worth least.
      this.#dropGroups(
        () =>
          queue.unsentAge(now) > maxBufferedSeconds ||
          (queue.bytes > maxBufferedBytes && queue.unsentBytes > 0),
      );
      if (queue.bytes <= maxBufferedBytes) return;
    }
    this.#beginAnew();
    this.#isBroken = true;
    if (this.#phase === 'running') this.#link.restart('media was given up');
  }

  /** Gives up whole groups of frames, the oldest first. */
  #dropGroups(isTooMuch: () => boolean): void {
    const sum: Dropped = { bytes: 0, seconds: 0, messages: 0 };
    let isComplete = true;
    while (isTooMuch()) {
      const { bytes, seconds, messages, complete, before } = this.#queue.dropUnsentGroup(this.#canBegin);
      this.#configs.unshift(...before);
      sum.bytes += bytes;
      sum.seconds += seconds;
      sum.messages += messages;
      isComplete &&= complete;
    }
    this.#dropped(sum);
    if (!isComplete && !this.#isStopping) this.#events.onRestartEncoder();
  }

  /**
   * The server gets what is kept as the beginning of a stream, with number 0: of frames from a key frame on. A container
   * cannot be thinned out, a hole anywhere makes the rest unreadable: the encoder begins another file.
   */
  #beginAnew(): void {
    const { complete, ...dropped } = this.#queue.beginAnew(
      this.#isFrames ? this.#canBegin : () => false,
      this.#now(),
    );
    this.#dropped(dropped);
    if (!complete && !this.#isStopping) this.#events.onRestartEncoder();
  }

  /** Whether a receiver can begin with a message: with any where there is no picture. */
  readonly #canBegin = (bytes: ArrayBuffer): boolean => {
    const { format } = this.#start();
    const hasVideo = format?.kind === 'frames' && format.tracks.some(({ kind }) => kind === 'video');
    return !hasVideo || isVideoKeyFrame(bytes);
  };

  #dropped(dropped: Dropped): void {
    if (dropped.messages === 0) return;
    this.#droppedMessages += dropped.messages;
    this.#droppedSeconds += dropped.seconds;
    this.#events.onDropped(dropped);
  }
}
