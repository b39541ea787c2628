import { Hono, type Context, type MiddlewareHandler } from 'hono';
import type { UpgradeWebSocket } from 'hono/ws';
import type { PlaybackOrigins } from './access/origins.js';
import { apiRoutes, type ApiServices } from './routes/api.js';
import type { Connections } from './routes/connections.js';
import { playbackOriginGuard } from './routes/cors.js';
import { hostOf } from './routes/host.js';
import { liveMp4Routes } from './routes/live-mp4.js';
import { PlaybackGate } from './routes/playback-gate.js';
import { playbackRoutes } from './routes/playback.js';
import { pageRoutes, type AssetStore } from './routes/pages.js';
import { errorHandler, problem } from './routes/problem.js';
import { readyAnswers, type ReadyAnswers } from './routes/ready-answers.js';
import { checkUrl, type RequestServices } from './routes/requests.js';
import { socketRoute, type SocketServices } from './routes/socket.js';
import { statusRoutes, type StatusServices } from './routes/status.js';

export interface AppOptions {
  upgradeWebSocket: UpgradeWebSocket;
  services: SocketServices & RequestServices & Pick<StatusServices, 'used'>;
  connections: Connections;
  assets: AssetStore | undefined;
  publicUrl: string | undefined;
  /** For keys and tokens. */
  api: ApiServices;
  /** Web origins that may play; absent: all. */
  playbackOrigins: readonly string[] | undefined;
  hsts: boolean;
  isClosing(): boolean;
}

/** All routes, none of which assumes where the app is mounted, and what they would answer that is there already. */
export function createApp(options: AppOptions): { app: Hono; ready: ReadyAnswers } {
  const { services, connections, isClosing } = options;
  const gate = new PlaybackGate(services.access);
  const app = new Hono();
  app.onError(errorHandler(services.logger, services.refusals));
  app.notFound((c) => problem(c, 404, 'there is nothing at this path'));

  // What players ask for counts its characters itself.
  const boundUrl: MiddlewareHandler = (c, next) => {
    checkUrl(c, services.limits);
    return next();
  };
  for (const path of ['/livestream/:streamId', '/embed/*', '/api/*']) app.use(path, boundUrl);

  const playbackUrl = (c: Context, streamId: string): string =>
    playbackUrlFor(c, streamId, options.publicUrl);
  app.get(
    '/livestream/ws',
    socketRoute(options.upgradeWebSocket, services, connections, playbackUrl, services.clientAddress),
  );
  app.get('/livestream/ws', (c, next) =>
    // A stream may have this id all the same.
    services.streams.get('ws')
      ? next()
      : problem(c, 426, 'this is a WebSocket endpoint; connect with ws:// or wss://', {
          Upgrade: 'websocket',
        }),
  );
  const originsOf: PlaybackOrigins = (streamId) =>
    services.streams.get(streamId)?.playbackOrigins ?? options.playbackOrigins;
  app.use('/livestream/:streamId/*', playbackOriginGuard(originsOf));
  app.route('/livestream', liveMp4Routes({ ...services, gate }));
  app.route('/livestream', playbackRoutes(services.streams, gate, services));
  app.route('/', statusRoutes({ ...services, connections, gate, isClosing }));
  app.route('/api', apiRoutes(options.api));
  // Its own requests come from this server, whoever frames it, also before its stream has started.
  const framedBy: PlaybackOrigins = (streamId) =>
    services.streams.get(streamId)?.playbackOrigins ??
    options.api.keys.playbackOriginsOf(streamId) ??
    options.playbackOrigins;
  if (options.assets) app.route('/', pageRoutes(options.assets, { hsts: options.hsts, framedBy }));
  // Where not every page may play each answer depends on who asks.
  const ready = options.playbackOrigins
    ? () => undefined
    : readyAnswers(services.streams, gate, services.limits);
  return { app, ready };
}

/** The mount's own path is what the request's path has before `/livestream/ws`. */
function playbackUrlFor(c: Context, streamId: string, publicUrl: string | undefined): string {
  const base = publicUrl
    ? new URL('livestream/', publicUrl.endsWith('/') ? publicUrl : `${publicUrl}/`)
    : requestedUrl(c);
  const url = new URL(`${streamId}/stream.m3u8`, base);
  url.search = '';
  return url.href.replace(/^ws/, 'http');
}

/** The request's URL on the host that the client named: @hono/node-ws makes one up. */
function requestedUrl(c: Context): string {
  const { protocol, pathname } = new URL(c.req.url);
  const host = hostOf(c);
  const named = `${protocol}//${host ?? ''}${pathname}`;
  return host && URL.canParse(named) ? named : c.req.url;
}
