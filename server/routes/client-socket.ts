import type { WSContext } from 'hono/ws';
import { CloseCode, type ServerMessage } from '../protocol.js';

/** Sockets that can stop reading: ws on Node. */
interface Pausable {
  pause(): void;
  resume(): void;
}

/** Sockets that tell what their client has not taken, and that can be cut: ws on Node. */
interface Cuttable {
  readonly bufferedAmount: number;
  terminate(): void;
}

const WEBSOCKET_OPEN = 1;

/** Longest reason of a close: a control frame's payload has at most 125 bytes, two of them the code (RFC 6455 §5.5). */
const MAX_REASON = 123;

export interface ClientSocketOptions {
  /** What may wait for a client that does not read, bytes; then it is cut. */
  maxBacklogBytes: number;
  onCut(): void;
}

/** One client's WebSocket, of any runtime. What that cannot do, stopping to read or telling what waits, is left out. */
export class ClientSocket {
  #isClosed = false;
  /** How many reasons there are not to read from it. */
  #pauses = 0;

  constructor(
    private readonly socket: WSContext<unknown>,
    private readonly options: ClientSocketOptions,
  ) {}

  /** Nothing is sent any more, and nothing that came is of interest. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(message: ServerMessage): void {
    if (this.#isClosed || this.socket.readyState !== WEBSOCKET_OPEN) return;
    if (this.#isBehind()) this.#cut();
    else this.socket.send(JSON.stringify(message));
  }

  close(code: number, reason: string): void {
    this.#isClosed = true;
    // A socket that is not read from would not see the client's answer to the close.
    if (this.#pauses > 0) pausable(this.socket.raw)?.resume();
    this.socket.close(code, reason.slice(0, MAX_REASON));
  }

  /** The connection is gone. */
  ended(): void {
    this.#isClosed = true;
  }

  /** Stops reading, until each that asked for it has said `resume`. */
  pause(): void {
    if (this.#pauses++ === 0) pausable(this.socket.raw)?.pause();
  }

  resume(): void {
    if (--this.#pauses === 0) pausable(this.socket.raw)?.resume();
  }

  /** Its client does not read: what it is sent would wait here for ever. */
  #isBehind(): boolean {
    const { bufferedAmount = 0 } = (this.socket.raw ?? {}) as Partial<Cuttable>;
    return bufferedAmount > this.options.maxBacklogBytes;
  }

  /** At once: a client that does not read would not see a close either. */
  #cut(): void {
    this.options.onCut();
    this.#isClosed = true;
    const raw = this.socket.raw as Partial<Cuttable> | undefined;
    if (raw?.terminate) raw.terminate();
    else this.socket.close(CloseCode.POLICY_VIOLATION, 'what was sent was not read');
  }
}

function pausable(socket: unknown): Pausable | undefined {
  const candidate = socket as Partial<Pausable> | undefined;
  return typeof candidate?.pause === 'function' && typeof candidate.resume === 'function'
    ? (candidate as Pausable)
    : undefined;
}
