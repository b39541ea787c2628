import WebSocket from 'ws';
import type { ClientMessage, ServerMessage } from '../../server/protocol.js';

type MessageType = ServerMessage['type'];
export type MessageOf<Type extends MessageType> = Extract<ServerMessage, { type: Type }>;

/** How a connection ended. */
export interface Closing {
  code: number;
  reason: string;
}

/** A message with the time of its arrival, milliseconds of `performance.now()`. */
export interface Arrival {
  at: number;
  message: ServerMessage;
}

/** Longer than anything the server promises under the default limits, milliseconds. */
const PATIENCE = 12_000;

/** A WebSocket client for tests: what the server sends is kept until it is asked for. */
export class SocketClient {
  /** Everything that came, read or not. */
  readonly arrivals: Arrival[] = [];
  /** Resolves when the connection has ended, however it did. */
  readonly closed: Promise<Closing>;

  #unread: ServerMessage[] = [];
  #listeners = new Set<() => void>();
  #closing: Closing | undefined;
  #roundTrips = 0;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as ServerMessage;
      this.arrivals.push({ at: performance.now(), message });
      this.#unread.push(message);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.#closing = { code, reason: reason.toString() };
        resolve(this.#closing);
        this.#wake();
      });
    });
    // What an error means is told by the close that follows it.
    socket.on('error', () => {});
  }

  /**
   * @param url of the endpoint, `ws://…/livestream/ws`
   * @param headers for example `Origin`, which browsers send
   */
  static async open(url: string, headers: Record<string, string> = {}): Promise<SocketClient> {
    const socket = new WebSocket(url, { headers });
    const client = new SocketClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  send(message: ClientMessage): void {
    this.sendText(JSON.stringify(message));
  }

  /** Sends text that need not be a message of the protocol. */
  sendText(text: string): void {
    this.socket.send(text);
  }

  sendBinary(bytes: Uint8Array): void {
    this.socket.send(bytes);
  }

  /**
   * The next message of a type that was not read yet; earlier ones of that type are skipped.
   * @param matches which of them
   * @param patience milliseconds
   * @throws when the connection ends first, or none came in time
   */
  async next<Type extends MessageType>(
    type: Type,
    matches: (message: MessageOf<Type>) => boolean = () => true,
    patience = PATIENCE,
  ): Promise<MessageOf<Type>> {
    const deadline = performance.now() + patience;
    for (;;) {
      const found = this.#take(type, matches);
      if (found) return found;
      if (this.#closing)
        throw new Error(this.#complaint(type, `the connection ended (${this.#closing.code})`));
      if (!(await this.#changed(deadline)))
        throw new Error(this.#complaint(type, `none came in ${patience} ms`));
    }
  }

  /** The messages of a type that came so far, read or not. */
  all<Type extends MessageType>(type: Type): MessageOf<Type>[] {
    return this.arrivals
      .map(({ message }) => message)
      .filter((message): message is MessageOf<Type> => message.type === type);
  }

  /**
   * Resolves when the server has handled everything sent before: messages are handled in order, so the answer
   * to one more comes last.
   */
  async roundTrip(): Promise<void> {
    const sent = ++this.#roundTrips;
    this.send({ type: 'clock', sent });
    await this.next('clock', (answer) => answer.sent === sent);
  }

  async close(): Promise<Closing> {
    this.socket.close();
    return this.closed;
  }

  /** Ends the connection without a closing handshake, as a client that vanishes does. */
  terminate(): void {
    this.socket.terminate();
  }

  #take<Type extends MessageType>(
    type: Type,
    matches: (message: MessageOf<Type>) => boolean,
  ): MessageOf<Type> | undefined {
    const index = this.#unread.findIndex(
      (message) => message.type === type && matches(message as MessageOf<Type>),
    );
    if (index === -1) return undefined;
    const found = this.#unread[index] as MessageOf<Type>;
    this.#unread = this.#unread.filter((message, at) => at > index || message.type !== type);
    return found;
  }

  #changed(deadline: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (result: boolean) => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
        resolve(result);
      };
      const listener = () => finish(true);
      const timer = setTimeout(() => finish(false), deadline - performance.now());
      this.#listeners.add(listener);
    });
  }

  #wake(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #complaint(type: MessageType, why: string): string {
    const last = this.arrivals.slice(-8).map(({ message }) => JSON.stringify(message).slice(0, 200));
    return `waiting for '${type}': ${why}. The last messages were\n${last.join('\n') || '(none)'}`;
  }
}
