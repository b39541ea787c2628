import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createSecureServer, type Http2SecureServer, type SecureServerOptions } from 'node:http2';
import type { Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import type { WebSocketServer } from 'ws';
import type { Certificate } from './certificate.js';
import type { ReadyAnswers } from '../index.js';
import { boundConnections } from './bound-connections.js';
import { answerForeignUpgrades } from './foreign-upgrades.js';
import {
  cutSlowClients,
  defaultHttpLimits,
  secureLimits,
  serverLimits,
  type HttpLimits,
} from './http-limits.js';
import { oneByOne } from './pipelined-requests.js';
import { withReadyAnswers } from './ready-requests.js';

/** Of HTTP/1.1, or of HTTPS with HTTP/2 and HTTP/1.1. */
export type HttpServer = Server | Http2SecureServer;

/** Longer than the proxies' usual 60 s, so that they and not we close an idle connection, milliseconds. */
const KEEP_ALIVE = 65_000;

const UPGRADE_REQUIRED = 426;

/**
 * A server that is not listening yet.
 * @param certificate for HTTPS. HTTP/2 is offered there, and HTTP/1.1 beside it: WebSockets come over that.
 * @param onCut a client was cut, or refused, by this limit
 * @param ready what need not go through the app
 * @param addressOf a connection comes from; undefined: no limit of an address applies
 */
export function createHttpServer(
  app: Hono,
  sockets: WebSocketServer,
  certificate: Certificate | undefined,
  limits: HttpLimits = defaultHttpLimits,
  onCut: (limit: keyof HttpLimits) => void = () => {},
  ready: ReadyAnswers = () => undefined,
  addressOf: (socket: Socket) => string | undefined = () => undefined,
): HttpServer {
  const common = { websocket: { server: sockets } };
  const plain = serverLimits(limits);
  const answering = (listener: RequestListener): RequestListener =>
    oneByOne(withReadyAnswers(ready, listener), limits.maxRequestsPerConnection, () =>
      onCut('maxRequestsPerConnection'),
    );
  const server = certificate
    ? createAdaptorServer({
        ...common,
        fetch: (request, env) => {
          const answer = app.fetch(request, env);
          return env.incoming.httpVersionMajor < 2 ? answer : withoutUpgrade(answer);
        },
        createServer: ((options: SecureServerOptions, listener: RequestListener) =>
          createSecureServer(options, answering(listener) as never)) as typeof createSecureServer,
        serverOptions: { ...plain, ...secureLimits(limits), ...certificate, allowHTTP1: true },
      })
    : createAdaptorServer({
        ...common,
        fetch: app.fetch,
        serverOptions: plain,
        createServer: ((options: ServerOptions, listener: RequestListener) =>
          createServer(options, answering(listener))) as typeof createServer,
      });
  (server as Server).keepAliveTimeout = KEEP_ALIVE;
  cutSlowClients(server as HttpServer, limits, onCut);
  answerForeignUpgrades(server as Server);
  boundConnections(server, limits, certificate !== undefined, addressOf, onCut);
  return server as HttpServer;
}

/** HTTP/2 knows no `Upgrade` (RFC 9113 §8.6), and Node takes an answer that names it for an error. */
async function withoutUpgrade(answer: Response | Promise<Response>): Promise<Response> {
  const response = await answer;
  if (response.status === UPGRADE_REQUIRED) response.headers.delete('Upgrade');
  return response;
}
