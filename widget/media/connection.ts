import type { ClientMessage, ErrorMessage, ServerMessage } from '../../server/protocol.js';
import { LivedropError } from '../errors.js';
import { Retry, type RetryOptions } from './retry.js';
import { Socket } from './socket.js';

export interface ConnectionEvents {
  /** Opened, for the first time or again: say who you are. */
  onOpen(): void;
  onMessage(message: ServerMessage): void;
  /** It broke or could not be opened. `retrying`: another attempt follows by itself. */
  onLost(error: LivedropError, retrying: boolean): void;
  /** Whether to come back although the server refused. */
  mayReturn(refusal: ErrorMessage): boolean;
}

/** Close codes after which coming back makes sense: the server restarts, is busy, or the network broke. */
const RETRY_CODES: ReadonlySet<number> = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014, 4408]);

/** Those by which the server itself asks to come back, even after a fatal error. */
const WELCOME_CODES: ReadonlySet<number> = new Set([1001, 1012, 1013, 4408]);

/** How long an attempt may hang before the next one, ms: a dead address otherwise takes minutes. */
const OPEN_TIMEOUT = 10_000;

/** A WebSocket that comes back by itself until it is closed or the server refuses. */
export class Connection {
  readonly #url: () => string;
  readonly #events: ConnectionEvents;
  readonly #retry: Retry;
  #socket: Socket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refusal: ErrorMessage | undefined;

  /** @param url asked at every attempt; may throw */
  constructor(url: () => string, events: ConnectionEvents, retry?: Partial<RetryOptions>) {
    this.#url = url;
    this.#events = events;
    this.#retry = new Retry(retry);
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
    if (this.#socket || this.#timer !== undefined) return;
    this.#retry.reset();
    addEventListener('online', this.#onOnline);
    this.#attempt();
  }

  /** No event follows. */
  close(): void {
    removeEventListener('online', this.#onOnline);
    this.#clearTimer();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  /** The other side does not answer any more: gives this connection up and makes a new one. */
  restart(reason: string): void {
    this.#socket?.close(1006, reason);
  }

  send(message: ClientMessage): void {
    this.#socket?.send(message);
  }

  sendData(bytes: ArrayBuffer): void {
    this.#socket?.sendData(bytes);
  }

  #attempt(): void {
    this.#clearTimer();
    this.#refusal = undefined;
    let url = '';
    try {
      url = this.#url();
      const socket = new Socket(url, {
        onOpen: () => {
          this.#clearTimer();
          this.#events.onOpen();
        },
        onMessage: (message) => {
          // Only an answer proves that somebody is there: a proxy may open and close again and again.
          if (message.type !== 'error') this.#retry.reset();
          else if (message.fatal) this.#refusal = message;
          this.#events.onMessage(message);
        },
        onClose: (code, reason) => {
          if (this.#socket === socket) this.#lost(url, code, reason);
        },
      });
      this.#socket = socket;
      this.#timer = setTimeout(() => socket.close(1006, 'no answer'), OPEN_TIMEOUT);
    } catch (cause) {
      const error = new LivedropError('SOCKET_NOT_CONNECTED', `Socket not connected: cannot open "${url}".`, {
        cause,
      });
      this.#end(error);
    }
  }

  #lost(url: string, code: number, reason: string): void {
    this.#clearTimer();
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
    const delay = isWelcome ? this.#retry.next(refusal?.retryAfter) : undefined;
    if (delay === undefined) {
      this.#end(error);
      return;
    }
    this.#timer = setTimeout(() => this.#attempt(), delay * 1000);
    this.#events.onLost(error, true);
  }

  #end(error: LivedropError): void {
    this.close();
    this.#events.onLost(error, false);
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The network is back: no reason to wait for the rest of a long delay. */
  readonly #onOnline = (): void => {
    if (this.#timer === undefined || this.#socket) return;
    this.#attempt();
  };
}
