import type { Context, MiddlewareHandler } from 'hono';
import type { UpgradeWebSocket, WSContext } from 'hono/ws';
import { Connection, type ConnectionServices } from './connection.js';

/** The parts of {@link ConnectionServices} that are the same for all connections. */
export type SocketServices = Omit<ConnectionServices, 'playbackUrl' | 'context'>;

/** All open connections, for a server that shuts down. */
export type Connections = Set<Connection>;

/**
 * `GET /livestream/ws`.
 * @param playbackUrl of a stream, as seen from a request's URL
 */
export function socketRoute(
  upgradeWebSocket: UpgradeWebSocket,
  services: SocketServices,
  connections: Connections,
  playbackUrl: (c: Context, streamId: string) => string,
): MiddlewareHandler {
  return upgradeWebSocket((c) => {
    let connection: Connection | undefined;
    const end = (): void => {
      if (!connection) return;
      connections.delete(connection);
      connection.ended();
    };
    const open = (socket: WSContext<unknown>): Connection => {
      connection = new Connection(socket, {
        ...services,
        context: c,
        playbackUrl: (streamId) => playbackUrl(c, streamId),
      });
      connections.add(connection);
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
