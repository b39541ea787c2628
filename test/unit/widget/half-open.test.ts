import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { serve, type RunningServer } from '../../../server/node/serve.js';
import { LivestreamSocketController } from '../../../widget/controllers/livestream-socket.js';
import { FaultyProxy } from '../../helpers/faulty-proxy.js';
import { stubPage } from './page-globals.js';
import { ControllerHost } from './controller-host.js';

/** Seconds. The server finds it long before the client comes back, which would be a viewer again. */
const HEARTBEAT = 0.3;
const SILENCE_TIMEOUT = 2;

/** What a busy machine may add, milliseconds: TCP alone would take minutes. */
const SLACK = 3000;

let server: RunningServer;
let proxy: FaultyProxy;
beforeEach(async () => {
  stubPage(WebSocket);
  const transcoder = { start: () => Promise.reject(new Error('no stream was expected')) as never };
  server = await serve({ port: 0, transcoder, heartbeat: HEARTBEAT });
  proxy = await FaultyProxy.start(server.url);
});
afterEach(async () => {
  await proxy.close();
  await server.close();
  vi.unstubAllGlobals();
});

const viewers = async (): Promise<number> => {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^livedrop_viewers (\d+)$/m.exec(metrics)?.[1]);
};

it('is noticed on both sides when the network between them is gone without a word', async () => {
  const host = new ControllerHost();
  const controller = new LivestreamSocketController(host, {
    backendUrl: () => proxy.url,
    silenceTimeout: SILENCE_TIMEOUT,
    retry: { initialDelay: 0.02 },
  });
  const changes: { isConnected: boolean; at: number }[] = [];
  controller.addEventListener('connectionchange', ({ detail: { isConnected } }) =>
    changes.push({ isConnected, at: performance.now() }),
  );
  host.connect();
  controller.connect('show');
  await vi.waitUntil(async () => (await viewers()) === 1);
  // Longer than either side's patience: what is alive stays.
  await new Promise((resolve) => setTimeout(resolve, SILENCE_TIMEOUT * 1200));
  expect(changes.map(({ isConnected }) => isConnected)).toEqual([true]);

  // Over those that there are, nothing passes any more, their ends neither; new ones work.
  const gone = new Set(proxy.connections());
  proxy.stall({ filter: (connection) => gone.has(connection) });
  const silentAt = performance.now();
  const isBack = vi.waitUntil(() => changes.length === 3, { timeout: 10_000, interval: 10 });
  await vi.waitUntil(async () => (await viewers()) !== 1, { timeout: 5000, interval: 10 });
  expect(performance.now() - silentAt).toBeLessThan(HEARTBEAT * 2000 + SLACK);
  await isBack;
  expect(changes[1]!.at - silentAt).toBeLessThan(SILENCE_TIMEOUT * 1000 + SLACK);
  await vi.waitUntil(async () => (await viewers()) === 1, { timeout: 5000 });
  controller.disconnect();
});
