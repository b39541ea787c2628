import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { WebSocketServer } from 'ws';
import type { HttpServer } from './http-server.js';

/** A request for a playlist or media so recent means that somebody is watching (ms). */
const WATCHING = 3000;

/** How long a player may take from the end of a playlist to its last part (ms). */
const LAST_PARTS = 1000;

/** Closes a server after the answers that its clients still wait for, and in bounded time. */
export class GracefulClose {
  #lastRequest = -Infinity;
  #closing = false;
  #connections = new Set<Socket>();
  #sessions = new Set<ServerHttp2Session>();

  constructor(
    private readonly server: HttpServer,
    private readonly sockets: WebSocketServer,
  ) {
    // The two kinds of servers type their events in ways that do not go together.
    const events: EventEmitter = server;
    events.on('connection', (socket: Socket) => keep(this.#connections, socket));
    events.on('session', (session: ServerHttp2Session) => keep(this.#sessions, session));
    events.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (request.url?.includes('/livestream/')) this.#lastRequest = performance.now();
      // A connection that is kept alive would be waited for.
      response.on('finish', () => {
        if (this.#closing && request.httpVersionMajor < 2) request.socket.end();
      });
    });
  }

  /**
   * Resolves when the last connection is closed.
   * @param drainTime how long that may take before connections are cut, seconds
   */
  async close(drainTime: number): Promise<void> {
    const deadline = drainTime * 1000;
    const lingering = performance.now() - this.#lastRequest < WATCHING ? Math.min(LAST_PARTS, deadline) : 0;
    if (lingering > 0) await wait(lingering);
    this.#closing = true;
    const timer = setTimeout(() => this.#cut(), deadline - lingering);
    const closed = new Promise((resolve) => this.server.close(resolve));
    // Ends each one when its last answer is sent (RFC 9113 §6.8).
    for (const session of this.#sessions) session.close();
    await closed;
    clearTimeout(timer);
  }

  #cut(): void {
    for (const socket of this.sockets.clients) socket.terminate();
    for (const connection of this.#connections) connection.destroy();
  }
}

function keep<T extends { once(event: 'close', listener: () => void): unknown }>(set: Set<T>, item: T): void {
  set.add(item);
  item.once('close', () => set.delete(item));
}
