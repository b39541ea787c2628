import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { WebSocketServer } from 'ws';

/** A request for a playlist or media so recent means that somebody is watching (ms). */
const WATCHING = 3000;

/** How long a player may take from the end of a playlist to its last part (ms). */
const LAST_PARTS = 1000;

/** Closes a server after the answers that its clients still wait for, and in bounded time. */
export class GracefulClose {
  #lastRequest = -Infinity;
  #closing = false;

  constructor(
    private readonly server: Server,
    private readonly sockets: WebSocketServer,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (request.url?.includes('/livestream/')) this.#lastRequest = performance.now();
      // A connection that is kept alive would be waited for.
      response.on('finish', () => {
        if (this.#closing) request.socket.end();
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
    await new Promise((resolve) => this.server.close(resolve));
    clearTimeout(timer);
  }

  #cut(): void {
    for (const socket of this.sockets.clients) socket.terminate();
    this.server.closeAllConnections();
  }
}
