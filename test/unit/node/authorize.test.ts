import { afterEach, expect, it } from 'vitest';
import { Hono } from 'hono';
import { upgradeWebSocket, createAdaptorServer } from '@hono/node-server';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { createLivestream, type Authorize, type Limits } from '../../../server/index.js';
import { generateFrames, messagesOf } from '../../helpers/frames.js';
import { Publisher } from '../../helpers/publisher.js';
import { SocketClient } from '../../helpers/socket-client.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An app with a login of its own, and livestreams mounted in it. */
async function startApp(authorize: Authorize, limits: Partial<Limits> = {}): Promise<string> {
  const livestream = createLivestream({ upgradeWebSocket, authorize, limits });
  const app = new Hono();
  app.route('/live', livestream.app);
  const sockets = new WebSocketServer({ noServer: true, ...livestream.websocket });
  const server = createAdaptorServer({ fetch: app.fetch, websocket: { server: sockets } });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets.clients) socket.terminate();
    return new Promise((resolve) => server.close(resolve));
  }, livestream.close);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/live`;
}

it('an app lets its own users publish and watch, by their cookies', async () => {
  const url = await startApp(({ action, streamId, context }) => {
    const user = /user=(\w+)/.exec(context.req.header('Cookie') ?? '')?.[1];
    return action === 'publish' ? user === streamId : user !== undefined;
  });
  const socketUrl = `${url.replace('http', 'ws')}/livestream/ws`;
  const { format, frames } = await generateFrames({ video: 'h264', seconds: 3 });

  const ada = await SocketClient.open(socketUrl, { Cookie: 'user=ada', Origin: new URL(url).origin });
  const publisher = await Publisher.startOn(ada, socketUrl, 'ada', { format });
  publisher.send(messagesOf(frames));
  await publisher.acknowledged();
  closers.push(() => ada.close());

  for (const [cookie, streamId] of [
    ['user=ada', 'bob'],
    ['', 'ada2'],
  ] as const) {
    const other = await SocketClient.open(socketUrl, { Cookie: cookie });
    other.send({ type: 'start-stream', streamId, format });
    expect(await other.next('error')).toMatchObject({ code: 'UNAUTHORIZED', fatal: true });
  }
  // A page that her browser visits besides.
  const foreign = await SocketClient.open(socketUrl, { Cookie: 'user=ada', Origin: 'https://evil.example' });
  foreign.send({ type: 'start-stream', streamId: 'ada', format });
  expect(await foreign.next('error')).toMatchObject({ code: 'UNAUTHORIZED', fatal: true });

  const playlist = `${url}/livestream/ada/stream.m3u8`;
  const refused = await fetch(playlist);
  expect(refused.status).toBe(403);
  expect(refused.headers.get('content-type')).toBe('application/problem+json');
  const allowed = await fetch(playlist, { headers: { Cookie: 'user=bob' } });
  expect(allowed.status).toBe(200);
  expect(allowed.headers.get('cache-control')).toMatch(/^private/);

  const guest = await SocketClient.open(socketUrl);
  guest.send({ type: 'join-stream', streamId: 'ada' });
  expect(await guest.next('error')).toMatchObject({ code: 'UNAUTHORIZED', fatal: false });
  await guest.close();
});

it('an app that does not let a viewer watch any more ends what it watches', async () => {
  let may = true;
  const url = await startApp(({ action }) => action === 'publish' || may, { authorizeTtl: 0.1 });
  const { format, frames } = await generateFrames({ video: 'h264', seconds: 3 });
  const publisher = await Publisher.start(`${url.replace('http', 'ws')}/livestream/ws`, 'show', { format });
  closers.push(() => publisher.close());
  publisher.send(messagesOf(frames));
  await publisher.acknowledged();
  const response = await fetch(`${url}/livestream/show/live.mp4`);
  expect(response.status).toBe(200);
  may = false;
  // To its end: the stream itself goes on.
  await response.arrayBuffer();
  expect((await fetch(`${url}/livestream/show`)).status).toBe(403);
});
