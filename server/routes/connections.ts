import type { WSContext } from 'hono/ws';
import type { Connection } from './connection.js';

/** The open WebSockets, for a server that shuts down, and for a runtime that tells of one of its own. */
export class Connections implements Iterable<Connection> {
  /** By the runtime's own socket, where there is one. */
  #open = new Map<unknown, Connection>();

  get size(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#open.values();
  }

  add(socket: WSContext<unknown>, connection: Connection): void {
    this.#open.set(socket.raw ?? socket, connection);
  }

  delete(socket: WSContext<unknown>): void {
    this.#open.delete(socket.raw ?? socket);
  }

  /** @param raw the runtime's own socket */
  of(raw: unknown): Connection | undefined {
    return this.#open.get(raw);
  }
}
