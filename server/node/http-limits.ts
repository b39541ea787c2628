import type { EventEmitter } from 'node:events';
import { STATUS_CODES, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http';
import type { Http2Stream, SecureServerOptions, ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';

/** What a client may ask of the HTTP server before it has said what it wants, and while it is answered. */
export interface HttpLimits {
  /** A request's headers must have come within this time from its first byte, or from the connection, seconds. Default 10. */
  headerTime: number;
  /** Bytes of a request's headers, its URL included. Default 16 KiB. */
  maxHeaderBytes: number;
  /** A client that takes nothing of its answer for so long is cut, seconds. Default 30. */
  stallTime: number;
  /**
   * Requests at once on one connection: a player has a handful. Of HTTP/2 more are refused; of HTTP/1.1, which is answered one by one, a client
   * is cut with whom more wait. Default 100.
   */
  maxRequestsPerConnection: number;
  /** Connections at once, idle ones and WebSockets too. The system's limit of open files may be lower. Default 50,000. */
  maxConnections: number;
  /** The same for those of one address, which a proxy that is trusted does not have. Default 5000. */
  maxConnectionsPerAddress: number;
}

export const defaultHttpLimits: HttpLimits = {
  headerTime: 10,
  maxHeaderBytes: 16 * 1024,
  stallTime: 30,
  maxRequestsPerConnection: 100,
  maxConnections: 50_000,
  maxConnectionsPerAddress: 5000,
};

const RANGES: Record<keyof HttpLimits, readonly [number, number]> = {
  headerTime: [0.1, 300],
  maxHeaderBytes: [1024, 1024 * 1024],
  stallTime: [0.1, 3600],
  maxRequestsPerConnection: [1, 100_000],
  maxConnections: [1, 10_000_000],
  maxConnectionsPerAddress: [1, 10_000_000],
};

/** How often Node looks for connections that are over their time, of that time. */
const CHECKS = 4;

/** An HTTP/2 connection without a request is closed after so long, as one of HTTP/1.1 is, milliseconds. */
const SESSION_IDLE = 65_000;

/**
 * Fills in the defaults.
 * @throws RangeError naming the option whose value is out of its range
 */
export function resolveHttpLimits(given: Partial<HttpLimits>): HttpLimits {
  const limits = { ...defaultHttpLimits };
  for (const name of Object.keys(RANGES) as (keyof HttpLimits)[]) {
    const value = given[name] ?? limits[name];
    const [least, most] = RANGES[name];
    if (!(value >= least && value <= most)) {
      throw new RangeError(`${name} is ${value}; give a number from ${least} to ${most}`);
    }
    limits[name] = value;
  }
  return limits;
}

/** For a server of HTTP/1.1. */
export function serverLimits({ headerTime, maxHeaderBytes }: HttpLimits): ServerOptions {
  const time = headerTime * 1000;
  return {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: time,
    // Requests have no body, or, for keys and tokens, one of a few fields.
    requestTimeout: time * 2,
    connectionsCheckingInterval: time / CHECKS,
  };
}

/** What one of HTTPS with HTTP/2 needs besides. */
export function secureLimits({
  headerTime,
  maxHeaderBytes,
  maxRequestsPerConnection,
}: HttpLimits): SecureServerOptions {
  return {
    handshakeTimeout: headerTime * 1000,
    settings: { maxHeaderListSize: maxHeaderBytes, maxConcurrentStreams: maxRequestsPerConnection },
  };
}

/** Cuts clients that send their headers too slowly, or do not take what they asked for. */
export function cutSlowClients(
  server: EventEmitter,
  limits: HttpLimits,
  onCut: (limit: keyof HttpLimits) => void,
): void {
  // One of HTTP/2 does not take them as options.
  Object.assign(server, serverLimits(limits));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: AnsweringSocket) => {
    const { code = '' } = error;
    const refusal = REFUSALS[code] ?? BAD_REQUEST;
    if (refusal.limit) onCut(refusal.limit);
    // Only to what was read as HTTP, and not in the middle of an answer, of which it would be taken for a part.
    const isHttp = code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT';
    if (isHttp && socket.writable && !socket._httpMessage?.headersSent) {
      socket.write(problemAnswer(refusal));
      socket.destroySoon();
    } else socket.destroy();
  });
  const stall = limits.stallTime * 1000;
  const watch = (
    taker: Socket | Http2Stream,
    answer: EventEmitter & { setTimeout(time: number): unknown },
  ): void => {
    // Given to setTimeout, HTTP/2 would call it once.
    answer.on('timeout', () => {
      if (taker.writableLength > 0) {
        onCut('stallTime');
        taker.destroy();
        // Silence alone is no fault: an answer may wait for what is not there yet.
      } else if (!taker.destroyed) taker.setTimeout(stall);
    });
    answer.setTimeout(stall);
  };
  // Before the app: a response that has been given its end takes no timeout any more.
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const stream = 'stream' in response ? (response.stream as Http2Stream) : undefined;
    watch(stream ?? request.socket, stream ?? response);
  });
  server.on('session', (session: ServerHttp2Session) =>
    session.setTimeout(SESSION_IDLE, () => session.close()),
  );
}

/** With the answer that it is in, which Node keeps there. */
type AnsweringSocket = Socket & { _httpMessage?: ServerResponse | null };

interface RequestRefusal {
  limit?: keyof HttpLimits;
  status: number;
  detail: string;
  /** Seconds. */
  retryAfter?: number;
}

/** By Node's code of the error. */
const REFUSALS: Record<string, RequestRefusal> = {
  HPE_HEADER_OVERFLOW: { limit: 'maxHeaderBytes', status: 431, detail: 'the headers are too large' },
  ERR_TLS_HANDSHAKE_TIMEOUT: {
    limit: 'headerTime',
    status: 408,
    detail: 'the handshake did not end in time',
  },
  ERR_HTTP_REQUEST_TIMEOUT: { limit: 'headerTime', status: 408, detail: 'the request did not come in time' },
};

const BAD_REQUEST: RequestRefusal = { status: 400, detail: 'this is no HTTP request' };

/** RFC 9457, where the request never reached the app. */
export function problemAnswer({ status, detail, retryAfter }: RequestRefusal): string {
  const title = STATUS_CODES[status] ?? '';
  const body = JSON.stringify({ type: 'about:blank', title, status, detail });
  return [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json',
    'Access-Control-Allow-Origin: *',
    `Content-Length: ${body.length}`,
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
