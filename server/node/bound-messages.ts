import type { Duplex } from 'node:stream';
import type { Livestream } from '../index.js';

/** A WebSocket of ws, which ships no types of its own. */
interface MeteredSocket {
  readonly readyState: number;
  close(code: number): void;
  terminate(): void;
  removeAllListeners(event: 'message'): unknown;
  on(event: 'message', listener: () => void): unknown;
  on(event: 'ping' | 'pong', listener: (data: Uint8Array) => void): unknown;
  on(event: 'error', listener: (error: Error & { code?: string }) => void): unknown;
}

/** A `WebSocketServer` of ws. */
export interface MeteredSockets {
  on(event: 'connection', listener: (socket: MeteredSocket, request: { socket: Duplex }) => void): unknown;
}

/** Of a client's control frame: two bytes and its mask (RFC 6455 §5.2). */
const CONTROL_HEADER = 6;

/** What a piece that the network gives takes of memory beside its bytes. */
const PIECE = 256;

/** So long a client has to read why it is closed, milliseconds. */
const FAREWELL = 1000;

/** Larger than any that is read: ws says so, and closes. */
const TOO_LARGE = 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
const MESSAGE_TOO_BIG = 1009;
const OPEN = 1;

/** Who sends so much, bytes, in so little time, milliseconds, is read on when everybody else had a turn: as much as Node reads at once. */
const TURN = 64 * 1024;
const TURN_TIME = 20;

/**
 * Bounds what one client can take of the server by its messages.
 * - Memory: counts what comes of a message before its end, and asks the livestream how much that may be. ws keeps it, and has one
 *   bound for all: that of a publisher's messages, which those who only say that they watch could fill, too.
 * - Time: reads 64 KiB of a client, and then of the others. Node reads 2 MB of whoever sends as much, which is more than
 *   100,000 small messages that live media would wait for. Nothing is handled that comes after the server has closed the socket.
 * - Number: tells the livestream of pings and pongs, which count as messages.
 */
export function boundMessages(
  sockets: MeteredSockets,
  livestream: Pick<Livestream, 'allowsUnfinished' | 'countControl' | 'countRefusal' | 'pauseReading'>,
): void {
  sockets.on('connection', (socket, { socket: stream }) => {
    let bytes = 0;
    let pieces = 0;
    let hasControl = false;
    let isIgnored = false;
    let turnBegan = 0;
    let turnBytes = 0;
    const takeTurn = (length: number): void => {
      const now = performance.now();
      if (now - turnBegan > TURN_TIME) {
        turnBegan = now;
        turnBytes = 0;
      }
      turnBytes += length;
      if (turnBytes < TURN) return;
      turnBytes = 0;
      setImmediate(livestream.pauseReading(socket));
    };
    const restart = (): void => {
      bytes = pieces = 0;
    };
    /** What comes after the server has closed: read to the close that answers, and handled by nobody. */
    const ignoreMessages = (): void => {
      if (isIgnored) return;
      isIgnored = true;
      socket.removeAllListeners('message');
      socket.on('message', restart);
    };
    /** These may come between the frames of a message, and are kept no longer than that. */
    const onControl = ({ length }: Uint8Array): void => {
      livestream.countControl(socket);
      bytes -= length + CONTROL_HEADER;
      if (!hasControl) pieces--;
      hasControl = true;
      if (bytes <= 0) restart();
    };
    socket.on('message', restart);
    socket.on('ping', onControl);
    socket.on('pong', onControl);
    socket.on('error', ({ code }) => {
      if (code === TOO_LARGE) livestream.countRefusal('maxMessageBytes');
    });
    // Before ws reads it, and after.
    stream.prependListener('data', ({ length }: Uint8Array) => {
      bytes += length;
      pieces++;
      hasControl = false;
    });
    stream.on('data', ({ length }: Uint8Array) => {
      if (socket.readyState !== OPEN) ignoreMessages();
      takeTurn(length);
      if (livestream.allowsUnfinished(socket, bytes + pieces * PIECE)) return;
      socket.close(MESSAGE_TOO_BIG);
      // Read on, and kept no more: what is not read when a socket is closed would take the answer away from its client.
      stream.removeAllListeners('data');
      stream.resume();
      setTimeout(() => socket.terminate(), FAREWELL).unref();
    });
  });
}
