/** A WebSocket of ws, as far as its heartbeat is concerned: ws ships no types of its own. */
interface PingedSocket {
  readonly isPaused: boolean;
  ping(): void;
  terminate(): void;
  on(event: 'pong', listener: () => void): unknown;
}

/** A `WebSocketServer` of ws. */
export interface PingedSockets {
  readonly clients: Iterable<PingedSocket>;
  on(event: 'connection', listener: (socket: PingedSocket) => void): unknown;
}

/** Seconds: a connection that is gone is found within twice that. */
export const DEFAULT_HEARTBEAT = 4;

/** A round that begins so many intervals after the last is late. */
const LATE = 1.5;

/**
 * Finds connections whose other end is gone without a word: a lid that was closed, a network that was left. Their
 * viewers would be counted until TCP gives up, many minutes later.
 * @param interval seconds; a socket that has not answered a ping by the next one is cut. Default 4.
 * @returns stops it
 */
export function startHeartbeat(sockets: PingedSockets, interval: number = DEFAULT_HEARTBEAT): () => void {
  const answering = new WeakSet<PingedSocket>();
  sockets.on('connection', (socket) => {
    answering.add(socket);
    socket.on('pong', () => answering.add(socket));
  });
  let before = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    // This process was suspended: what they answered meanwhile is not read yet.
    const wasAsleep = now - before > interval * 1000 * LATE;
    before = now;
    for (const socket of sockets.clients) {
      // A socket that is not read from, since its stream's transcoder is slow, cannot be heard.
      if (socket.isPaused) continue;
      if (answering.delete(socket) || wasAsleep) socket.ping();
      else socket.terminate();
    }
  }, interval * 1000);
  timer.unref();
  return () => clearInterval(timer);
}
