import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { oneByOne } from '../../../server/node/pipelined-requests.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(listener: RequestListener, most = 1000, onCut = () => {}): Promise<{ port: number }> {
  const server = createServer(oneByOne(listener, most, onCut)).listen(0, '127.0.0.1');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port };
}

function pipeline(port: number, paths: readonly string[]): Socket {
  const socket = connect(port, '127.0.0.1');
  closers.push(() => socket.destroy());
  socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join(''));
  return socket;
}

const paths = (count: number): string[] => Array.from({ length: count }, (_, index) => `/${index}`);

it('answers what was asked at once one after the other, and somebody else in between', async () => {
  const asked: string[] = [];
  const { port } = await serve(({ url }, response) => {
    asked.push(url!);
    if (url === '/0') get(`http://127.0.0.1:${port}/else`, (answer: IncomingMessage) => answer.resume());
    response.end(url);
  });
  const socket = pipeline(port, paths(500));
  let text = '';
  socket.setEncoding('utf8').on('data', (data: string) => (text += data));
  await expect.poll(() => asked.length).toBe(501);
  await expect.poll(() => text.split('HTTP/1.1 200 OK').length).toBe(501);
  expect(
    text
      .split('\r\n\r\n')
      .slice(1)
      .map((part) => part.split('HTTP')[0]),
  ).toEqual(paths(500));
  expect(asked.filter((path) => path !== '/else')).toEqual(paths(500));
  expect(asked.indexOf('/else')).toBeLessThan(400);
});

it('cuts a client of whom more requests wait than may, after what is answered already', async () => {
  let cut = 0;
  const asked: string[] = [];
  const { port } = await serve(
    ({ url }, response) => {
      asked.push(url!);
      if (url !== '/1') response.end(url);
    },
    10,
    () => cut++,
  );
  // As many as may are answered when their turn comes.
  const patient = pipeline(port, paths(11));
  await expect.poll(() => asked).toEqual(paths(2));
  expect(cut).toBe(0);
  patient.destroy();

  const socket = pipeline(port, paths(50));
  let text = '';
  socket.setEncoding('utf8').on('data', (data: string) => (text += data));
  await once(socket, 'close');
  expect(text).toContain('\r\n\r\n/0');
  expect(cut).toBe(1);
});

it('forgets what waited on a connection that is gone', async () => {
  const asked: string[] = [];
  const { port } = await serve(({ url }) => void asked.push(url!));
  const socket = pipeline(port, paths(5));
  await expect.poll(() => asked).toEqual(['/0']);
  socket.destroy();
  const other = pipeline(port, ['/other']);
  await expect.poll(() => asked.at(-1)).toBe('/other');
  other.destroy();
  expect(asked.filter((path) => path !== '/other').length).toBeLessThanOrEqual(5);
});
