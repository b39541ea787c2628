import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { serve, upgradeWebSocket } from '@hono/node-server';
import { Hono } from 'hono';
import { WebSocketServer } from 'ws';
import { createLivestream } from '../../server/index.js';
import { boundMessages } from '../../server/node/bound-messages.js';
import { ffmpegTranscoder } from '../../server/node/ffmpeg-transcoder.js';
import { StateFile } from '../../server/node/state-file.js';
import { ffmpegPath } from '../helpers/media.js';
import type { Host, ServerSetup } from './implementation.js';

/** livedrop in a Hono app on @hono/node-server 2 with its own `upgradeWebSocket`, in this process. */
export async function startNodeServerHost(setup: ServerSetup): Promise<Host> {
  const {
    mountPath = '',
    transcoder: hasTranscoder = true,
    dataDirectory,
    addresses = false,
    ...options
  } = setup;
  const transcoder = ffmpegTranscoder({ path: ffmpegPath });
  const livestream = createLivestream({
    ...options,
    upgradeWebSocket,
    ...(hasTranscoder ? { transcoder } : {}),
    ...(dataDirectory ? { states: await StateFile.open(join(dataDirectory, 'streams.json')) } : {}),
    ...(addresses ? { clientAddress: (c) => c.req.header('X-Test-Address') } : {}),
  });

  let inProgress = 0;
  const app = new Hono();
  app.get('/in-progress', (c) => c.text(String(inProgress)));
  app.post('/shut-down', async (c) => {
    await livestream.close();
    return c.text('done');
  });
  app.use(async (_, next) => {
    inProgress++;
    await next();
    inProgress--;
  });
  app.route(mountPath || '/', livestream.app);

  const webSocketServer = new WebSocketServer({ noServer: true, ...livestream.websocket });
  boundMessages(webSocketServer, livestream);
  const server = serve({
    fetch: app.fetch,
    hostname: '127.0.0.1',
    port: 0,
    websocket: { server: webSocketServer },
  });
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    mountPath,
    async close() {
      await livestream.close();
      for (const socket of webSocketServer.clients) socket.terminate();
      await new Promise((resolve) => {
        server.close(resolve);
        if ('closeAllConnections' in server) server.closeAllConnections();
      });
    },
  };
}
