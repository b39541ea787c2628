import { setTimeout as delay } from 'node:timers/promises';
import type {
  StartStreamMessage,
  StreamStartedMessage,
  StreamStoppedMessage,
} from '../../server/protocol.js';
import { SocketClient } from './socket-client.js';

/** A publisher as the protocol wants it: it numbers what it sends, keeps it, and resumes. */
export class Publisher {
  /** Everything that was ever to be sent, by number. */
  readonly #messages: Uint8Array[] = [];

  private constructor(
    private readonly url: string,
    /** The connection that it has now. */
    public socket: SocketClient,
    /** The last answer to `start-stream`. */
    public started: StreamStartedMessage,
  ) {}

  /**
   * Connects and starts a stream.
   * @param url of the endpoint, `ws://…/livestream/ws`
   */
  static async start(
    url: string,
    streamId: string,
    fields: Partial<StartStreamMessage> = {},
  ): Promise<Publisher> {
    const socket = await SocketClient.open(url);
    return Publisher.startOn(socket, url, streamId, fields);
  }

  /** Starts a stream on a connection that is open. */
  static async startOn(
    socket: SocketClient,
    url: string,
    streamId: string,
    fields: Partial<StartStreamMessage> = {},
  ): Promise<Publisher> {
    socket.send({ type: 'start-stream', streamId, ...fields });
    return new Publisher(url, socket, await socket.next('stream-started'));
  }

  get streamId(): string {
    return this.started.streamId;
  }

  /** How many messages were sent, or were to be sent while there was no connection. */
  get sent(): number {
    return this.#messages.length;
  }

  /** Sends messages at once. */
  send(chunks: readonly Uint8Array[]): void {
    this.#messages.push(...chunks);
    for (const chunk of chunks) this.socket.sendBinary(chunk);
  }

  /**
   * Sends messages spread evenly over a time.
   * @param seconds that the messages last together
   */
  async sendInRealTime(chunks: readonly Uint8Array[], seconds: number, signal?: AbortSignal): Promise<void> {
    const start = performance.now();
    for (const [index, chunk] of chunks.entries()) {
      const due = start + (index / chunks.length) * seconds * 1000;
      if (due > performance.now()) await delay(due - performance.now(), undefined, { signal });
      this.send([chunk]);
    }
  }

  /** Resolves when the server has acknowledged everything sent. */
  async acknowledged(): Promise<void> {
    if (this.sent === this.started.received) return;
    await this.socket.next('ack', (ack) => ack.streamId === this.streamId && ack.received === this.sent);
  }

  /** Of the messages sent, how many the server acknowledged. */
  get acknowledgedCount(): number {
    const acks = this.socket.all('ack').filter(({ streamId }) => streamId === this.streamId);
    return acks.at(-1)?.received ?? this.started.received;
  }

  /**
   * Connects anew, whether or not the old connection is gone, and sends again what the server does not hold.
   * @param fields of `start-stream`, beside what is needed to resume
   * @param from see `ResumeRequest`
   */
  async resume(
    token = this.started.resumeToken,
    fields: Partial<StartStreamMessage> = {},
    from?: number,
  ): Promise<StreamStartedMessage> {
    const socket = await SocketClient.open(this.url);
    const resume = { token, ...(from !== undefined && { from }) };
    socket.send({ type: 'start-stream', streamId: this.streamId, ...fields, resume });
    this.started = await socket.next('stream-started');
    this.socket = socket;
    for (const message of this.#messages.slice(this.started.received)) socket.sendBinary(message);
    return this.started;
  }

  /** Ends the stream; resolves when everything sent is published. */
  async stop(): Promise<StreamStoppedMessage> {
    this.socket.send({ type: 'stop-stream', streamId: this.streamId });
    return this.socket.next('stream-stopped');
  }

  /** Stops the stream, if the connection is still there, and disconnects. */
  async close(): Promise<void> {
    const { socket } = this.socket;
    if (socket.readyState === socket.OPEN) {
      this.socket.send({ type: 'stop-stream', streamId: this.streamId });
      // Answered by this or, where the stream is over already, by an error.
      await this.socket.roundTrip().catch(() => {});
    }
    await this.socket.close();
  }
}
