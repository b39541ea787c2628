import type { ClientMessage } from '../../server/protocol.js';
import { Congestion, type CongestionState } from './congestion.js';
import type { Encoder } from './encoder.js';
import { PathRoundTrip } from './path-round-trip.js';
import type { Publisher } from './publisher.js';
import type { ServerClock } from './server-clock.js';

/** How a broadcast does, about once a second. */
export interface BroadcastHealth {
  encoder: 'webcodecs' | 'mediarecorder';
  /** Of media that was sent, since the health before. */
  kilobitsPerSecond: number;
  /** Video frames that were encoded, since the health before; undefined where the browser does not tell. */
  framesPerSecond: number | undefined;
  /** Video frames that wait in the encoder now; undefined where the browser does not tell. */
  encoderQueue: number | undefined;
  /** Frames and audio chunks so far that were not encoded, since the machine was behind, or not sent, since the network was. */
  dropped: number;
  /** Seconds of media so far that could not be kept until the server had it; 0: nothing was lost on the way. */
  droppedSeconds: number;
  /** Kept until the server has it. */
  bufferedBytes: number;
  /** Kept until the server has it. */
  bufferedSeconds: number;
  /** To the server and back, milliseconds; undefined until it was measured. */
  roundTrip: number | undefined;
  /** Bits per second of video that the encoder is to make now. */
  videoBitsPerSecond: number;
  /** A second, that the encoder is to make now; undefined: as the source gives them. */
  frameRate: number | undefined;
  /** What is given up for a network that is too slow: `none`, `bitrate`, `frame-rate`, or `dropping` media. */
  congestion: CongestionState;
}

/** What the monitor looks at. */
export interface MonitoredParts {
  streamId: string;
  encoder: Encoder;
  publisher: Publisher;
  /** Absent: neither round trip nor capture time is known. */
  clock: ServerClock | undefined;
  /** Bytes given to the socket that did not leave yet. */
  bufferedAmount(): number;
  send(message: ClientMessage): void;
  onHealth(health: BroadcastHealth): void;
}

/** Between looks at the queue, seconds: a step down must not come later than what the queue may hold. */
const LOOK_INTERVAL = 0.25;

/** A link over which nothing comes for so long, seconds, says nothing of what it carries: it is down, not small. */
const SILENCE = 1.5;

/** Between health events and questions for the server's clock, seconds. */
const HEALTH_INTERVAL = 1;

/** From which change of the estimate on the server is told anew when frames were captured, ms. */
const CLOCK_STEP = 5;

/** Less than this that waits on this side, seconds, is what is being sent just now. */
const NOTHING = 0.1;

/** How long what was kept may take to become less, seconds, before the link counts as too small for it. */
const NOT_LESS = 3;

/** Bits per second that the audio and the container are reckoned to take on top of the video. */
const OVERHEAD_BITS = 150_000;

/**
 * Watches a broadcast: adapts what is encoded to what the network carries, tells how it does, and tells the server when
 * frames were captured. It is driven by the data that comes from the encoder, since a hidden page's own timers sleep.
 */
export class BroadcastMonitor {
  readonly #parts: MonitoredParts;
  readonly #now: () => number;
  readonly #congestion = new Congestion();
  /** Of this connection. */
  #path = new PathRoundTrip();
  #lookedAt = -Infinity;
  #toldAt: number | undefined;
  #askedAt = -Infinity;
  /** When the oldest question without an answer was asked, seconds. */
  #waitingSince: number | undefined;
  #sentBytes = 0;
  #frames = 0;
  #captureTime: number | undefined;
  /** What was kept during a break is sent first, however long it takes, as long as it gets less: the least so far, seconds. */
  #catchingUp: number | undefined;
  /** When that became less. */
  #lessAt = 0;

  /** @param now a monotonic clock, seconds */
  constructor(parts: MonitoredParts, now: () => number = () => performance.now() / 1000) {
    this.#parts = parts;
    this.#now = now;
  }

  /** Called for all that comes from the encoder. */
  tick(): void {
    const now = this.#now();
    if (now - this.#lookedAt < LOOK_INTERVAL) return;
    this.#lookedAt = now;
    if (this.#parts.publisher.isRunning) {
      this.#ask(now);
      this.#tellCaptureClock();
      this.#adapt(now);
    } else {
      this.#congestion.pause();
    }
    if (now - (this.#toldAt ??= now) >= HEALTH_INTERVAL) this.#tell(now);
  }

  /** The server takes data, for the first time or again. */
  started(): void {
    this.#path = new PathRoundTrip();
    this.#waitingSince = undefined;
    this.#askedAt = -Infinity;
    this.#captureTime = undefined;
    // Also what was encoded while a first connection was made. Where there is nothing of it, what waits later is the link's.
    this.#catchingUp = this.#parts.publisher.unsentSeconds > LOOK_INTERVAL ? Infinity : undefined;
    // Ahead of what was kept during a break: a server that does not know the stream would date all that by when it came.
    this.#tellCaptureClock();
  }

  /** The server's clock has answered. */
  clockAnswered(): void {
    this.#waitingSince = undefined;
    const { roundTrip } = this.#parts.clock ?? {};
    if (roundTrip !== undefined) {
      const { unsentSeconds } = this.#parts.publisher;
      const isSpared = this.#congestion.state !== 'none' && Math.max(unsentSeconds, this.#inSocket) < NOTHING;
      this.#path.answered(roundTrip, isSpared);
    }
    this.#tellCaptureClock();
  }

  #ask(now: number): void {
    const { clock } = this.#parts;
    if (!clock || this.#waitingSince !== undefined) return;
    // The first answers decide what viewers are told of a picture's age: no reason to wait for them.
    const interval = this.#captureTime === undefined ? LOOK_INTERVAL : HEALTH_INTERVAL;
    if (now - this.#askedAt < interval) return;
    this.#askedAt = now;
    this.#waitingSince = now;
    clock.ask();
  }

  /** What is captured just now, not what was in the beginning: a server need not know how old the broadcast is. */
  #tellCaptureClock(): void {
    const { encoder, clock, publisher, streamId, send } = this.#parts;
    const { origin } = encoder.health ?? {};
    const { offset, time: now } = clock ?? {};
    if (origin === undefined || offset === undefined || now === undefined || !publisher.isRunning) return;
    /** Of timestamp 0, by the server's clock. */
    const start = origin + offset;
    if (this.#captureTime !== undefined && Math.abs(start - this.#captureTime) <= CLOCK_STEP) return;
    this.#captureTime = start;
    const timestamp = Math.round((now - start) * 1000);
    send({ type: 'capture-clock', streamId, timestamp, time: start + timestamp / 1000 });
  }

  #adapt(now: number): void {
    const { encoder, publisher } = this.#parts;
    if (!encoder.setTarget || encoder.health?.kind !== 'webcodecs') return;
    if (publisher.silentSeconds > SILENCE) {
      this.#congestion.pause();
      this.#lessAt = now;
      return;
    }
    const waiting = this.#waiting(now);
    if (this.#catchingUp !== undefined) {
      if (waiting < this.#catchingUp - NOTHING) {
        this.#catchingUp = waiting;
        this.#lessAt = now;
      }
      const isMore = waiting > this.#catchingUp + HEALTH_INTERVAL || now - this.#lessAt >= NOT_LESS;
      if (waiting > LOOK_INTERVAL && !isMore) return;
      this.#catchingUp = undefined;
    }
    const { target, drop } = this.#congestion.update(waiting, now);
    if (target) encoder.setTarget(target);
    if (drop) publisher.dropUnsent();
  }

  /**
   * Seconds of media that are on their way for no other reason than that the link is too slow: in our queue, in the
   * socket's, and in the system's, which shows by how long the server's answers take longer than they need to.
   */
  #waiting(now: number): number {
    const { publisher, clock } = this.#parts;
    const unanswered = this.#waitingSince === undefined ? 0 : (now - this.#waitingSince) * 1000;
    const slowest = Math.max(unanswered, clock?.roundTrip ?? 0);
    const onTheWay = Math.max(0, slowest - this.#path.shortest) / 1000;
    return publisher.unsentSeconds + Math.max(this.#inSocket, onTheWay);
  }

  /** Seconds of media that were given to the socket and did not leave yet. */
  get #inSocket(): number {
    const { bufferedAmount, encoder } = this.#parts;
    return (bufferedAmount() * 8) / ((encoder.health?.videoBitsPerSecond ?? 0) + OVERHEAD_BITS);
  }

  #tell(now: number): void {
    const { encoder, publisher, clock, onHealth } = this.#parts;
    const health = encoder.health;
    const seconds = now - (this.#toldAt ?? now);
    const { sentBytes } = publisher;
    const frames = health?.frames;
    onHealth({
      encoder: health?.kind ?? 'mediarecorder',
      kilobitsPerSecond: Math.round(((sentBytes - this.#sentBytes) * 8) / 1000 / seconds),
      framesPerSecond: frames === undefined ? undefined : Math.round((frames - this.#frames) / seconds),
      encoderQueue: health?.queue,
      dropped: (health?.dropped ?? 0) + publisher.droppedMessages,
      droppedSeconds: publisher.droppedSeconds,
      bufferedBytes: publisher.bufferedBytes,
      bufferedSeconds: publisher.bufferedSeconds,
      roundTrip: clock?.roundTrip,
      videoBitsPerSecond: health?.videoBitsPerSecond ?? 0,
      frameRate: health?.frameRate,
      congestion: this.#congestion.state,
    });
    this.#toldAt = now;
    this.#sentBytes = sentBytes;
    this.#frames = frames ?? 0;
  }
}
