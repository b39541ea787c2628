import { createServer, type AddressInfo, type Server } from 'node:net';
import type { Direction, LaneFaults } from './faulty-lane.js';
import { ProxiedConnection, type CutKind, type Side } from './proxied-connection.js';

export type { ProxiedConnection } from './proxied-connection.js';

/** Which connections a fault is for. */
export type ConnectionFilter = (connection: ProxiedConnection) => boolean;

export const isWebSocket: ConnectionFilter = (connection) => connection.isWebSocket;
export const isHttp: ConnectionFilter = (connection) =>
  !connection.isWebSocket && connection.requestLine !== '';

/** Connections whose newest request's line matches, for example `/live\.mp4/`. */
export function requests(pattern: RegExp): ConnectionFilter {
  return (connection) => pattern.test(connection.requestLine);
}

export interface FaultOptions {
  /** @default all connections, those to come included */
  filter?: ConnectionFilter;
}

export interface LaneFaultOptions extends FaultOptions {
  /** @default both */
  direction?: Direction;
}

export interface CutOptions extends FaultOptions {
  /** @default reset */
  kind?: CutKind;
  /** @default both */
  side?: Side;
}

export interface AnswerOptions extends FaultOptions {
  /** Lines such as `Retry-After: 1`. */
  headers?: readonly string[];
}

/** How often each fault was done to a connection. */
export interface FaultCounts {
  /** Connections that were accepted. */
  connections: number;
  websockets: number;
  cut: number;
  /** Accepted and reset at once. */
  refused: number;
  /** Answered in the server's place. */
  answered: number;
  idle: number;
}

interface LaneRule {
  matches: (connection: ProxiedConnection, direction: Direction) => boolean;
  value: number;
}

const MAX_PORT_ATTEMPTS = 50;

/**
 * A bad network in front of a server on loopback: it cuts, refuses, stalls, delays and throttles connections, WebSocket
 * and HTTP alike. Faults last until they are taken back, and hold for connections to come too.
 */
export class FaultyProxy {
  readonly counts: FaultCounts = {
    connections: 0,
    websockets: 0,
    cut: 0,
    refused: 0,
    answered: 0,
    idle: 0,
  };
  /** Where connections go. May be changed: a server that was started again may have another port. */
  target: { host: string; port: number };

  readonly #open = new Set<ProxiedConnection>();
  #listener: Server | undefined;
  #port = 0;
  #stalls: LaneRule[] = [];
  #delays: LaneRule[] = [];
  #rates: LaneRule[] = [];
  #refusals: ConnectionFilter[] = [];
  #answers: { filter: ConnectionFilter; head: string }[] = [];
  #idle: { filter: ConnectionFilter; ms: number; kind: CutKind } | undefined;
  readonly #idleTimers = new Map<ProxiedConnection, ReturnType<typeof setTimeout>>();
  /** What waits for a time, each with what ends its waiting. */
  readonly #pauses = new Map<ReturnType<typeof setTimeout>, () => void>();
  #isClosed = false;
  #waiting: { test: () => boolean; resolve: () => void }[] = [];

  private constructor(target: string) {
    const { hostname, port } = new URL(target);
    this.target = { host: hostname, port: Number(port) };
  }

  /** @param target the server's address, for example `http://127.0.0.1:3001` */
  static async start(target: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(target);
    await proxy.#listen();
    return proxy;
  }

  /** Without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get socketUrl(): string {
    return `ws://127.0.0.1:${this.#port}/livestream/ws`;
  }

  /** Those that are open now and whose request is known. */
  connections(filter: ConnectionFilter = () => true): ProxiedConnection[] {
    return [...this.#open].filter((connection) => connection.requestLine !== '' && filter(connection));
  }

  /** Resolves when something that passed, or a connection that came or went, makes it true. */
  async until(test: () => boolean): Promise<void> {
    if (test()) return;
    await new Promise<void>((resolve) => this.#waiting.push({ test, resolve }));
  }

  /** The next connection to come, as soon as its request is known. */
  async next(filter: ConnectionFilter = () => true): Promise<ProxiedConnection> {
    const before = new Set(this.#open);
    const found = (): ProxiedConnection | undefined =>
      this.connections(filter).find((connection) => !before.has(connection));
    await this.until(() => found() !== undefined);
    return found()!;
  }

  /** @returns how many connections that were */
  cut({ filter = () => true, kind = 'reset', side = 'both' }: CutOptions = {}): number {
    const victims = [...this.#open].filter(filter);
    for (const connection of victims) connection.cut(kind, side);
    this.counts.cut += victims.length;
    return victims.length;
  }

  /** Takes no connections for a while; those that are open stay so. Resolves when it takes them again. */
  async refuse(ms: number, { filter }: FaultOptions = {}): Promise<void> {
    if (filter) {
      // Whose request must be known has to be accepted first.
      this.#refusals.push(filter);
      await this.#after(ms);
      this.#refusals = this.#refusals.filter((other) => other !== filter);
      return;
    }
    this.#listener?.close();
    this.#listener = undefined;
    await this.#after(ms);
    if (!this.#isClosed) await this.#listen();
  }

  /** Cuts what is open and refuses what comes for a while. Resolves when it is over. */
  outage(ms: number, options: CutOptions = {}): Promise<void> {
    const over = this.refuse(ms, options);
    this.cut(options);
    return over;
  }

  /**
   * Answers the first request of each new connection in the server's place, as a gateway does whose server is gone.
   * @param status for example `503 Service Unavailable`
   */
  answer(status: string, { filter = () => true, headers = [] }: AnswerOptions = {}): void {
    const lines = [`HTTP/1.1 ${status}`, 'Content-Length: 0', 'Connection: close', ...headers];
    this.#answers.push({ filter, head: `${lines.join('\r\n')}\r\n\r\n` });
  }

  /** Silence: connections stay open, and nothing passes, nor the news that an end is gone. */
  stall(options: LaneFaultOptions = {}): void {
    this.#stalls.push(rule(1, options));
    this.#pump();
  }

  /** What waited passes now. */
  unstall(): void {
    this.#stalls = [];
    this.#pump();
  }

  /** @param ms in each direction; what was sent before is not held back */
  delay(ms: number, options: LaneFaultOptions = {}): void {
    this.#delays.push(rule(ms, options));
  }

  /** @param bytesPerSecond of each connection, in each direction */
  throttle(bytesPerSecond: number, options: LaneFaultOptions = {}): void {
    this.#rates.push(rule(bytesPerSecond, options));
    this.#pump();
  }

  /** Closes connections over which nothing passed for so long, as proxies do. */
  closeIdle(ms: number, { filter = () => true, kind = 'end' }: Omit<CutOptions, 'side'> = {}): void {
    this.#idle = { filter, ms, kind };
    for (const connection of this.#open) this.#watchIdle(connection);
  }

  /** Takes all faults back except a refusal without a filter, which has its time. */
  heal(): void {
    this.#stalls = [];
    this.#delays = [];
    this.#rates = [];
    this.#refusals = [];
    this.#answers = [];
    this.#idle = undefined;
    for (const timer of this.#idleTimers.values()) clearTimeout(timer);
    this.#pump();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const [timer, end] of this.#pauses) {
      clearTimeout(timer);
      end();
    }
    this.heal();
    const listener = this.#listener;
    const closed = listener && new Promise((resolve) => listener.close(resolve));
    for (const connection of this.#open) connection.cut('reset');
    await closed;
  }

  async #listen(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const listener = createServer({ allowHalfOpen: true }, (client) => {
        this.counts.connections += 1;
        const connection = new ProxiedConnection(client, this.#rules);
        this.#open.add(connection);
        this.#watchIdle(connection);
      });
      try {
        await new Promise<void>((resolve, reject) => {
          listener.once('error', reject);
          listener.listen(this.#port, '127.0.0.1', resolve);
        });
        this.#listener = listener;
        this.#port = (listener.address() as AddressInfo).port;
        return;
      } catch (error) {
        // Somebody's outgoing connection may have the port for a moment.
        if (attempt === MAX_PORT_ATTEMPTS) throw error;
        await this.#after(20);
      }
    }
  }

  readonly #rules = {
    target: () => this.target,
    faults: (connection: ProxiedConnection, direction: Direction): LaneFaults => {
      const values = (rules: LaneRule[]): number[] =>
        rules.filter(({ matches }) => matches(connection, direction)).map(({ value }) => value);
      return {
        stalled: values(this.#stalls).length > 0,
        delay: Math.max(0, ...values(this.#delays)),
        bytesPerSecond: Math.min(Infinity, ...values(this.#rates)),
      };
    },
    admit: (connection: ProxiedConnection): boolean => {
      if (connection.isWebSocket) this.counts.websockets += 1;
      const answer = this.#answers.find(({ filter }) => filter(connection));
      const isRefused = this.#refusals.some((filter) => filter(connection));
      if (isRefused) {
        this.counts.refused += 1;
        connection.cut('reset');
      } else if (answer) {
        this.counts.answered += 1;
        connection.answer(answer.head);
      }
      this.#check();
      return !isRefused && !answer;
    },
    changed: (connection: ProxiedConnection): void => {
      if (!connection.isOpen) this.#open.delete(connection);
      this.#watchIdle(connection);
      this.#check();
    },
  };

  #watchIdle(connection: ProxiedConnection): void {
    clearTimeout(this.#idleTimers.get(connection));
    this.#idleTimers.delete(connection);
    const idle = this.#idle;
    if (!idle || !connection.isOpen) return;
    const timer = setTimeout(() => {
      if (!idle.filter(connection)) return;
      this.counts.idle += 1;
      connection.cut(idle.kind);
    }, idle.ms);
    this.#idleTimers.set(connection, timer);
  }

  #pump(): void {
    for (const connection of this.#open) connection.pump();
  }

  #check(): void {
    this.#waiting = this.#waiting.filter(({ test, resolve }) => {
      if (!test()) return true;
      resolve();
      return false;
    });
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#pauses.delete(timer);
        resolve();
      }, ms);
      this.#pauses.set(timer, resolve);
    });
  }
}

function rule(value: number, { filter = () => true, direction }: LaneFaultOptions): LaneRule {
  return {
    value,
    matches: (connection, of) => (direction === undefined || direction === of) && filter(connection),
  };
}
