import { afterEach, expect, it } from 'vitest';
import type { TranscoderFactory } from '../../../server/index.js';
import { serve, type RunningServer, type ServeOptions } from '../../../server/node/serve.js';
import { SocketClient } from '../../helpers/socket-client.js';

const transcoder: TranscoderFactory = {
  start: () => {
    throw new Error('no media in these tests');
  },
};

let server: RunningServer | undefined;
const clients: SocketClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate();
  await server?.close();
});

async function start(options: Partial<ServeOptions>): Promise<void> {
  const limits = { maxViewersPerAddress: 1 };
  server = await serve({ port: 0, transcoder, drainTime: 0.1, limits, ...options });
}

/** Whether a viewer who says to come from an address may join. */
async function joins(forwardedFor: string): Promise<boolean> {
  const url = `ws://127.0.0.1:${server!.port}/livestream/ws`;
  const client = await SocketClient.open(url, { 'X-Forwarded-For': forwardedFor });
  clients.push(client);
  client.send({ type: 'join-stream', streamId: 'a' });
  const joined = client.next('stream-joined').then(() => true);
  const refused = client.next('error').then(({ code }) => code !== 'RATE_LIMITED');
  return Promise.race([joined, refused]).finally(() => {
    joined.catch(() => {});
    refused.catch(() => {});
  });
}

it('limits of an address hold for who comes through a trusted proxy, whatever they say of themselves', async () => {
  await start({ trustedProxies: ['127.0.0.1'] });
  expect(await joins('198.51.100.1')).toBe(true);
  expect(await joins('198.51.100.1')).toBe(false);
  expect(await joins('203.0.113.1, 198.51.100.1')).toBe(false);
  expect(await joins('127.0.0.1, 198.51.100.1')).toBe(false);
  expect(await joins('198.51.100.2')).toBe(true);
});

it('limits of an address do not hold on this machine, whoever it says to speak for', async () => {
  await start({});
  for (let count = 0; count < 3; count++) expect(await joins('198.51.100.1')).toBe(true);
});

it('a trusted proxy that is no address is refused by name', async () => {
  await expect(start({ trustedProxies: ['my-proxy'] })).rejects.toThrow(
    "trusted proxy 'my-proxy' is no address",
  );
  server = undefined;
});
