import { connect, type Socket } from 'node:net';
import { FaultyLane, type Direction, type LaneFaults } from './faulty-lane.js';

/** How a connection is cut: by a TCP reset, or by an orderly end. */
export type CutKind = 'reset' | 'end';

/** Whom a cut reaches; the other one hears nothing of it. */
export type Side = 'client' | 'server' | 'both';

/** What a connection asks of its proxy. */
export interface ProxyRules {
  target(): { host: string; port: number };
  faults(connection: ProxiedConnection, direction: Direction): LaneFaults;
  /** Its first request is known. @returns whether it goes on to the server; else the proxy answered it */
  admit(connection: ProxiedConnection): boolean;
  /** Bytes passed, or it ended. */
  changed(connection: ProxiedConnection): void;
}

const HEAD_END = '\r\n\r\n';

/** A request's first line at the beginning of what a client sent. */
const REQUEST_LINE = /^[A-Z]+ [^\r\n]+ HTTP\/1\.[01](?=\r\n)/;

/** One connection through a {@link FaultyProxy}. */
export class ProxiedConnection {
  /** Resolves when neither side has it any more. */
  readonly closed: Promise<void>;
  /** Of the newest request, for example `GET /livestream/a/stream.m3u8 HTTP/1.1`; '' until it is known. */
  requestLine = '';
  /** Whether its first request asked for a WebSocket. */
  isWebSocket = false;
  /** Milliseconds of `performance.now()`. */
  readonly openedAt = performance.now();

  readonly #client: Socket;
  readonly #rules: ProxyRules;
  #server: Socket | undefined;
  #lanes: Partial<Record<Direction, FaultyLane>> = {};
  #head = Buffer.alloc(0);
  #isOver = false;

  constructor(client: Socket, rules: ProxyRules) {
    this.#client = client;
    this.#rules = rules;
    client.setNoDelay(true);
    // What an error means is told by the close that follows it.
    client.on('error', () => {});
    client.on('data', this.#onHead);
    this.closed = new Promise((resolve) => {
      client.on('close', () => this.#checkOver(resolve));
      this.#onServerClose = () => this.#checkOver(resolve);
    });
  }

  #onServerClose: () => void = () => {};

  /** Whether either side still has it. */
  get isOpen(): boolean {
    return !this.#isOver;
  }

  /** That were passed on. */
  bytes(direction: Direction): number {
    return this.#lanes[direction]?.bytes ?? 0;
  }

  /** That came and were not passed on yet. */
  waiting(direction: Direction): number {
    return this.#lanes[direction]?.waiting ?? 0;
  }

  /** The faults changed. */
  pump(): void {
    this.#lanes.up?.pump();
    this.#lanes.down?.pump();
  }

  cut(kind: CutKind, side: Side = 'both'): void {
    const ends = { client: [this.#client], server: [this.#server], both: [this.#client, this.#server] };
    for (const socket of ends[side]) {
      if (kind === 'reset') socket?.resetAndDestroy();
      else socket?.destroySoon();
    }
  }

  /** Puts bytes on their way to the client as if the server had sent them. */
  inject(bytes: Buffer): void {
    this.#lanes.down?.push(bytes);
  }

  /** Answers in the server's place, and closes. */
  answer(head: string): void {
    this.#client.end(head);
    this.#client.resume();
  }

  readonly #onHead = (chunk: Buffer): void => {
    this.#head = Buffer.concat([this.#head, chunk]);
    const text = this.#head.toString('latin1');
    const end = text.indexOf(HEAD_END);
    if (end < 0) return;
    this.#client.off('data', this.#onHead);
    this.requestLine = REQUEST_LINE.exec(text)?.[0] ?? '';
    this.isWebSocket = /^upgrade: *websocket/im.test(text.slice(0, end));
    if (this.#rules.admit(this)) this.#connect();
  };

  #connect(): void {
    const server = connect({ ...this.#rules.target(), allowHalfOpen: true, noDelay: true });
    this.#server = server;
    server.on('error', () => {});
    server.on('close', this.#onServerClose);
    // On a connection that is kept alive other requests follow.
    this.#client.on('data', (chunk: Buffer) => {
      if (this.isWebSocket) return;
      this.requestLine = REQUEST_LINE.exec(chunk.toString('latin1', 0, 2048))?.[0] ?? this.requestLine;
    });
    const faultsOf = (direction: Direction) => () => this.#rules.faults(this, direction);
    const onMoved = (): void => this.#rules.changed(this);
    const up = new FaultyLane(this.#client, server, faultsOf('up'), onMoved);
    this.#lanes = { up, down: new FaultyLane(server, this.#client, faultsOf('down'), onMoved) };
    up.push(this.#head);
  }

  #checkOver(resolve: () => void): void {
    if (!this.#client.destroyed || this.#server?.destroyed === false) return;
    this.#isOver = true;
    resolve();
    this.#rules.changed(this);
  }
}
