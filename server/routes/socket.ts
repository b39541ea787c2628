import type { Context, MiddlewareHandler } from 'hono';
import type { UpgradeWebSocket, WSContext } from 'hono/ws';
import { Connection, type ConnectionServices } from './connection.js';
import type { Connections } from './connections.js';

/** The parts of {@link ConnectionServices} that are the same for all connections. */
export type SocketServices = Omit<ConnectionServices, 'playbackUrl' | 'context' | 'address'>;

/** Where a request's client is; undefined: nobody knows, or no limit of an address is to apply. */
export type ClientAddress = (c: Context) => string | undefined;

/**
 * `GET /livestream/ws`.
 * @param playbackUrl of a stream, as seen from a request's URL
 * @param clientAddress of a request
 */
export function socketRoute(
  upgradeWebSocket: UpgradeWebSocket,
  services: SocketServices,
  connections: Connections,
  playbackUrl: (c: Context, streamId: string) => string,
  clientAddress: ClientAddress,
): MiddlewareHandler {
  return upgradeWebSocket((c) => {
    // Now: a socket that is gone has no address.
    const address = clientAddress(c);
    let connection: Connection | undefined;
    let gone = (): void => {};
    const end = (): void => {
      if (!connection) return;
      gone();
      connection.ended();
    };
    const open = (socket: WSContext<unknown>): Connection => {
      connection = new Connection(socket, {
        ...services,
        context: c,
        address,
        playbackUrl: (streamId) => playbackUrl(c, streamId),
      });
      connections.add(socket, connection);
      gone = () => connections.delete(socket);
      return connection;
    };
    return {
      onOpen: (_event, socket) => void open(socket),
      // Workers have no open event.
      onMessage: (event, socket) => (connection ?? open(socket)).receive(event.data),
      onClose: end,
      onError: end,
    };
  });
}
