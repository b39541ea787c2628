import type { ClientMessage, ServerMessage } from '../../server/protocol.js';

export interface SocketEvents {
  onOpen(): void;
  onMessage(message: ServerMessage): void;
  /**
   * It is over, or never opened; exactly once.
   * @param code RFC 6455 §7.4.1; 1006 where the connection just broke
   */
  onClose(code: number, reason: string): void;
}

/** One WebSocket from opening to closing. */
export class Socket {
  readonly #socket: WebSocket;
  #events: SocketEvents | undefined;

  /** @throws SyntaxError where the URL is no WebSocket address, SecurityError where the page may not open it */
  constructor(url: string, events: SocketEvents) {
    this.#events = events;
    this.#socket = new WebSocket(url);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onopen = () => this.#events?.onOpen();
    this.#socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = parseMessage(data);
      if (message) this.#events?.onMessage(message);
    };
    this.#socket.onclose = ({ code, reason }) => this.#closed(code, reason);
  }

  get isOpen(): boolean {
    return this.#events !== undefined && this.#socket.readyState === WebSocket.OPEN;
  }

  /** Bytes that were given to `send` and did not leave yet. */
  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  send(message: ClientMessage): void {
    if (this.isOpen) this.#socket.send(JSON.stringify(message));
  }

  sendData(bytes: ArrayBuffer): void {
    if (this.isOpen) this.#socket.send(bytes);
  }

  /** Closes it, and tells at once: a broken connection would answer the closing handshake much later or never. */
  close(code = 1000, reason = ''): void {
    // Browsers let a page give 1000 and 3000 to 4999 only.
    if (code === 1000 || code >= 3000) this.#socket.close(code, reason);
    else this.#socket.close();
    this.#closed(code, reason);
  }

  #closed(code: number, reason: string): void {
    const events = this.#events;
    this.#events = undefined;
    events?.onClose(code, reason);
  }
}

/** A later server may send types that this client does not know: the receivers skip them. */
function parseMessage(data: unknown): ServerMessage | undefined {
  if (typeof data !== 'string') return undefined;
  try {
    const value: unknown = JSON.parse(data);
    const isMessage =
      typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
    return isMessage ? (value as ServerMessage) : undefined;
  } catch {
    return undefined;
  }
}
