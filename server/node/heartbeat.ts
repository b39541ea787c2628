/** A WebSocket of ws, as far as its heartbeat is concerned: ws ships no types of its own. */
interface PingedSocket {
  readonly isPaused: boolean;
  ping(): void;
  terminate(): void;
  on(event: 'pong', listener: () => void): unknown;
}

/** The network's end of a WebSocket: a `Socket` of `node:net`. */
interface Line {
  readonly bytesRead: number;
  on(event: 'resume', listener: () => void): unknown;
}

/** A `WebSocketServer` of ws. */
export interface PingedSockets {
  readonly clients: Iterable<PingedSocket>;
  on(
    event: 'connection',
    listener: (socket: PingedSocket, request?: { readonly socket: Line }) => void,
  ): unknown;
}

/** Seconds: a connection that is gone is found within twice that, from when it was last read from. */
export const DEFAULT_HEARTBEAT = 4;

/** A round that begins so many intervals after the last is late. */
const LATE = 1.5;

/**
 * Finds connections whose other end is gone without a word: a lid that was closed, a network that was left. Their
 * viewers would be counted until TCP gives up, many minutes later. Bytes are a sign of life like an answer: that of a
 * client with more to send than its uplink takes waits behind all of it, for many seconds.
 * @param interval seconds; a socket from which nothing has come since one ping by the next one is cut. Default 4.
 * @returns stops it
 */
export function startHeartbeat(sockets: PingedSockets, interval: number = DEFAULT_HEARTBEAT): () => void {
  const heard = new WeakSet<PingedSocket>();
  const lines = new WeakMap<PingedSocket, { line: Line; read: number }>();
  sockets.on('connection', (socket, request) => {
    const hear = (): void => void heard.add(socket);
    hear();
    socket.on('pong', hear);
    if (!request) return;
    const line = request.socket;
    lines.set(socket, { line, read: line.bytesRead });
    // What came while it was not read from is there, and not read yet.
    line.on('resume', hear);
  });
  function wasHeard(socket: PingedSocket): boolean {
    const before = lines.get(socket);
    const read = before?.line.bytesRead ?? 0;
    const hasSent = before !== undefined && read > before.read;
    if (before) before.read = read;
    return heard.delete(socket) || hasSent;
  }
  let before = performance.now();
  function round(): void {
    const now = performance.now();
    // This process was suspended: what they answered meanwhile may be on its way yet.
    const wasAsleep = now - before > interval * 1000 * LATE;
    before = now;
    for (const socket of sockets.clients) {
      // A socket that is not read from, since its stream's transcoder is slow, cannot be heard.
      if (socket.isPaused) continue;
      if (wasHeard(socket) || wasAsleep) socket.ping();
      else socket.terminate();
    }
  }
  // Timers come before what the network brought: what waits to be read, since this process was busy, is read first.
  const timer = setInterval(() => setImmediate(round), interval * 1000);
  timer.unref();
  return () => clearInterval(timer);
}
