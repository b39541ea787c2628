import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { ClientMessage, ServerMessage } from '../../../server/protocol.js';

/** What a client sent: a text message, or the text of a binary one. */
type Received = ClientMessage | string;

/** The other end of the wire, whose answers a test decides. */
export class SocketPeer {
  /** Everything that arrived, over all connections. */
  readonly received: Received[] = [];
  connections = 0;
  /** Called for every text message. */
  answer: (message: ClientMessage) => void = () => {};
  /** Said to each connection at once. */
  welcome: ServerMessage | undefined;
  readonly #server: WebSocketServer;
  #socket: WebSocket | undefined;
  #waiting: { test: () => boolean; resolve: () => void }[] = [];

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.connections += 1;
      this.#socket = socket;
      if (this.welcome) this.send(this.welcome);
      socket.on('message', (data: Buffer, isBinary) => {
        const message = isBinary ? data.toString() : (JSON.parse(data.toString()) as ClientMessage);
        this.received.push(message);
        if (typeof message !== 'string') this.answer(message);
        this.#check();
      });
      socket.on('close', () => this.#check());
      this.#check();
    });
  }

  static async listen(port = 0): Promise<SocketPeer> {
    const server = new WebSocketServer({ port, host: '127.0.0.1' });
    await new Promise((resolve) => server.once('listening', resolve));
    return new SocketPeer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** The binary messages, as text. */
  get data(): string[] {
    return this.received.filter((message) => typeof message === 'string');
  }

  /** The text messages of a type. */
  messages<T extends ClientMessage['type']>(type: T): Extract<ClientMessage, { type: T }>[] {
    return this.received.filter(
      (message): message is Extract<ClientMessage, { type: T }> =>
        typeof message !== 'string' && message.type === type,
    );
  }

  send(message: ServerMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }

  /** @param code 1006: breaks the connection without a word */
  breakConnection(code: number): void {
    if (code === 1006) this.#socket?.terminate();
    else this.#socket?.close(code);
  }

  /** Resolves when something that arrived, or a connection that came or went, makes it true. */
  async until(test: () => boolean): Promise<void> {
    if (test()) return;
    await new Promise<void>((resolve) => this.#waiting.push({ test, resolve }));
  }

  async close(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #check(): void {
    this.#waiting = this.#waiting.filter(({ test, resolve }) => {
      if (!test()) return true;
      resolve();
      return false;
    });
  }
}
