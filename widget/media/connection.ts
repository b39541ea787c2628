import type { ClientMessage, ErrorMessage, ServerMessage } from '../../server/protocol.js';
import { LivedropError } from '../errors.js';
import { Deadline } from './deadline.js';
import { Liveness } from './liveness.js';
import { NetworkWatch } from './network-watch.js';
import { Retry, type RetryOptions } from './retry.js';
import { pageClock } from './server-clock.js';
import { Socket } from './socket.js';

export interface ConnectionOptions {
  retry?: Partial<RetryOptions>;
  /** Seconds without a word from the server, which is asked for one, after which the connection is made anew. @default 8 */
  silenceTimeout?: number;
}

export interface ConnectionEvents {
  /** Opened, for the first time or again: say who you are. */
  onOpen(): void;
  onMessage(message: ServerMessage): void;
  /** It broke or could not be opened. `retrying`: another attempt follows by itself. */
  onLost(error: LivedropError, retrying: boolean): void;
  /** Whether to come back although the server refused. */
  mayReturn(refusal: ErrorMessage): boolean;
  /** Whether media waits to be sent: it is kept for some time only. */
  isUrgent(): boolean;
}

/** Close codes after which coming back makes sense: the server restarts, is busy, or the network broke. */
const RETRY_CODES: ReadonlySet<number> = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014, 4408]);

/** Those by which the server itself asks to come back, even after a fatal error. */
const WELCOME_CODES: ReadonlySet<number> = new Set([1001, 1012, 1013, 4408]);

/** RFC 6455 §7.4.1: a server that is overloaded, and is not helped by who comes back at once. */
const TRY_AGAIN_LATER = 1013;

/** How long after that the first attempt follows where the server names no time, ms. */
const LATER = 1000;

/** Share by which a wait that is the same for all is stretched at random. */
const JITTER = 0.25;

/** How long an attempt may hang before the next one, ms: a dead address otherwise takes minutes. */
const OPEN_TIMEOUT = 5000;

/** How long the answer to a probe may take, ms: several round trips of a bad mobile network. */
const PROBE_TIMEOUT = 2500;

/** Between attempts while the browser says that there is no network, ms: it may be wrong. */
const OFFLINE_INTERVAL = 10_000;

/**
 * Upper limit of the waits between attempts while media waits, seconds: viewers wait too, and of a server's grace time nothing is to
 * be slept through. A server has few publishers. What a server names, or a network that is gone takes, is longer all the same.
 */
const URGENT_DELAY = 2;

/** A connection that served for so long, ms, was a success: the first wait after it is short again. */
const STABLE = 3000;

/** A WebSocket that comes back by itself until it is closed or the server refuses. */
export class Connection {
  readonly #url: () => string;
  readonly #events: ConnectionEvents;
  readonly #retry: Retry;
  readonly #network = new NetworkWatch((isBack) => this.#networkChanged(isBack));
  readonly #deadline = new Deadline();
  readonly #probe = new Deadline();
  readonly #liveness: Liveness;
  #socket: Socket | undefined;
  /** When the server first answered on this connection, ms. */
  #answeredAt: number | undefined;
  /** The server does not want to be asked before, ms. */
  #notBefore = 0;
  #refusal: ErrorMessage | undefined;
  /** Seconds that the server named. */
  #retryAfter: number | undefined;
  /** Bytes given to {@link sendData} so far. */
  #given = 0;

  /** @param url asked at every attempt; may throw */
  constructor(
    url: () => string,
    events: ConnectionEvents,
    { retry, silenceTimeout }: ConnectionOptions = {},
  ) {
    this.#url = url;
    this.#events = events;
    this.#retry = new Retry(retry);
    this.#liveness = new Liveness(
      {
        ask: () => this.#ask(),
        onDead: (seconds) => this.restart(`nothing came for ${seconds} s`),
      },
      silenceTimeout,
    );
  }

  get isOpen(): boolean {
    return this.#socket?.isOpen ?? false;
  }

  /** Bytes given to {@link sendData} that did not leave yet. */
  get bufferedAmount(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** Does nothing where it is open or about to be. */
  open(): void {
    if (this.#socket || this.#deadline.isSet) return;
    this.#retry.reset();
    this.#network.start();
    this.#attempt();
  }

  /** No event follows. */
  close(): void {
    this.#network.stop();
    this.#deadline.clear();
    this.#probe.clear();
    const socket = this.#socket;
    this.#socket = undefined;
    this.#liveness.stop();
    socket?.close();
  }

  /**
   * The other side does not answer any more, or not now: gives this connection up and makes a new one.
   * @param retryAfter seconds until then; absent: as soon as may be
   */
  restart(reason: string, retryAfter?: number): void {
    this.#retryAfter = retryAfter;
    this.#socket?.close(1006, reason);
  }

  /** Time has passed: does what is due, for pages whose timers sleep. */
  tick(): void {
    this.#deadline.tick();
    this.#probe.tick();
  }

  send(message: ClientMessage): void {
    this.#socket?.send(message);
  }

  sendData(bytes: ArrayBuffer): void {
    this.#given += bytes.byteLength;
    this.#socket?.sendData(bytes);
  }

  /** Whether it answers says whether it is still there. */
  #ask(): void {
    this.send({ type: 'clock', sent: pageClock() });
  }

  #attempt(): void {
    this.#deadline.clear();
    this.#refusal = undefined;
    this.#retryAfter = undefined;
    this.#answeredAt = undefined;
    let url = '';
    try {
      url = this.#url();
      const socket = new Socket(url, {
        onOpen: () => {
          this.#deadline.clear();
          this.#liveness.start();
          this.#events.onOpen();
        },
        onMessage: (message) => this.#received(message),
        onClose: (code, reason) => {
          if (this.#socket === socket) this.#lost(url, code, reason);
        },
      });
      this.#socket = socket;
      this.#deadline.set(OPEN_TIMEOUT, () => socket.close(1006, 'no answer'));
    } catch (cause) {
      const error = new LivedropError('SOCKET_NOT_CONNECTED', `Socket not connected: cannot open "${url}".`, {
        cause,
      });
      this.#end(error);
    }
  }

  #received(message: ServerMessage): void {
    this.#probe.clear();
    this.#liveness.heard();
    // Only an answer proves that somebody is there: a proxy may open and close again and again.
    if (message.type !== 'error') this.#answeredAt ??= performance.now();
    else if (message.fatal) {
      this.#refusal = message;
      this.#retryAfter = message.retryAfter;
    }
    this.#events.onMessage(message);
  }

  #lost(url: string, code: number, reason: string): void {
    this.#deadline.clear();
    this.#probe.clear();
    this.#liveness.stop();
    this.#socket = undefined;
    const detail = reason ? `${code}, ${reason}` : String(code);
    const refusal = this.#refusal;
    const error =
      refusal && refusal.code !== 'SHUTTING_DOWN'
        ? new LivedropError(refusal.code, refusal.message)
        : new LivedropError(
            'SOCKET_NOT_CONNECTED',
            `Socket not connected: ${url} closed the connection (${detail}).`,
          );
    const isWelcome = refusal
      ? WELCOME_CODES.has(code) || this.#events.mayReturn(refusal)
      : RETRY_CODES.has(code);
    const wait = isWelcome ? this.#wait(code) : undefined;
    if (wait === undefined) {
      this.#end(error);
      return;
    }
    this.#deadline.set(wait, () => this.#attempt());
    this.#events.onLost(error, true);
  }

  /** @returns ms until the next attempt; undefined: no more */
  #wait(code: number): number | undefined {
    const now = performance.now();
    if (this.#answeredAt !== undefined && now - this.#answeredAt > STABLE) this.#retry.reset();
    const named = (this.#retryAfter ?? 0) * 1000;
    const least = (code === TRY_AGAIN_LATER ? Math.max(named, LATER) : named) * (1 + Math.random() * JITTER);
    this.#notBefore = now + least;
    // What cannot succeed is no attempt that failed.
    if (this.#network.isOffline) return Math.max(OFFLINE_INTERVAL, least);
    const delay = this.#retry.next(this.#events.isUrgent() ? URGENT_DELAY : undefined);
    return delay === undefined ? undefined : Math.max(delay * 1000, least);
  }

  /** The question waits behind what was given before: as long as that leaves, the answer may still come. */
  #awaitAnswer(): void {
    const waiting = this.bufferedAmount;
    const left = this.#given - waiting;
    this.#probe.set(PROBE_TIMEOUT, () => {
      if (waiting > 0 && this.#given - this.bufferedAmount > left) this.#awaitAnswer();
      else this.restart('no answer to a probe');
    });
  }

  #end(error: LivedropError): void {
    this.close();
    this.#events.onLost(error, false);
  }

  #networkChanged(isBack: boolean): void {
    if (this.isOpen) {
      // It may lead over a network that is gone, whose end nobody tells.
      if (!this.#probe.isSet) this.#awaitAnswer();
      this.#ask();
      return;
    }
    // An attempt that began without a network hangs until it is given up.
    if (isBack) this.restart('the network is back');
    const isWaiting = !this.#socket && this.#deadline.isSet;
    if (!isWaiting || this.#network.isOffline || performance.now() < this.#notBefore) return;
    if (isBack) this.#retry.reset();
    this.#attempt();
  }
}
