import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { problemAnswer, type HttpLimits } from './http-limits.js';

type Listener = (socket: Socket) => void;

/** Seconds: others end all the time. */
const RETRY_AFTER = 5;

/**
 * Keeps a server's connections, idle ones and WebSockets too, to a number: each takes a file descriptor, of which there are only so many.
 * Who comes when there are as many is told so, where the connection is not encrypted, before anything is read of it.
 * @param addressOf undefined: no limit of an address applies
 */
export function boundConnections(
  server: EventEmitter,
  { maxConnections, maxConnectionsPerAddress }: HttpLimits,
  isEncrypted: boolean,
  addressOf: (socket: Socket) => string | undefined,
  onRefused: (limit: keyof HttpLimits) => void,
): void {
  let all = 0;
  const byAddress = new Map<string, number>();
  const count = (address: string | undefined, one: 1 | -1): void => {
    all += one;
    if (address === undefined) return;
    const left = (byAddress.get(address) ?? 0) + one;
    if (left > 0) byAddress.set(address, left);
    else byAddress.delete(address);
  };
  const refuse = (socket: Socket, limit: keyof HttpLimits, status: number, detail: string): void => {
    onRefused(limit);
    socket.on('error', () => {});
    if (isEncrypted) socket.destroy();
    else {
      socket.write(problemAnswer({ status, detail, retryAfter: RETRY_AFTER }));
      socket.destroySoon();
    }
  };
  const listeners = server.listeners('connection') as Listener[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const address = addressOf(socket);
    if (all >= maxConnections) {
      refuse(socket, 'maxConnections', 503, 'the server has as many connections as it may have');
    } else if (address !== undefined && (byAddress.get(address) ?? 0) >= maxConnectionsPerAddress) {
      const detail = 'your address has as many connections as one may have';
      refuse(socket, 'maxConnectionsPerAddress', 429, detail);
    } else {
      count(address, 1);
      socket.once('close', () => count(address, -1));
      for (const listener of listeners) listener.call(server, socket);
    }
  });
}
