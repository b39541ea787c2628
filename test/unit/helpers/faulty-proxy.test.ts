import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { FaultyProxy, isHttp, isWebSocket, requests } from '../../helpers/faulty-proxy.js';

let server: Server;
let sockets: WebSocketServer;
let proxy: FaultyProxy;

/** Answers what it is asked: HTTP with the path, a WebSocket with each message. */
beforeEach(async () => {
  server = createServer((asked, answer) => answer.end(asked.url));
  sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await FaultyProxy.start(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterEach(async () => {
  await proxy.close();
  for (const socket of sockets.clients) socket.terminate();
  server.closeAllConnections();
  server.close();
});

async function openSocket(): Promise<WebSocket> {
  const socket = new WebSocket(proxy.socketUrl);
  socket.on('error', () => {});
  await once(socket, 'open');
  return socket;
}

async function echo(socket: WebSocket, text = 'hello'): Promise<string> {
  socket.send(text);
  const [data] = (await once(socket, 'message')) as [Buffer];
  return data.toString();
}

async function get(path = '/a'): Promise<{ status: number; body: string }> {
  const asked = request(`${proxy.url}${path}`, { agent: false });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of answer) body += String(chunk);
  return { status: answer.statusCode ?? 0, body };
}

describe('FaultyProxy', () => {
  it('passes everything on where nothing is wrong, and knows what passes', async () => {
    const next = proxy.next(isWebSocket);
    const socket = await openSocket();
    const connection = await next;
    expect(await echo(socket)).toBe('hello');
    expect(await get('/b')).toEqual({ status: 200, body: '/b' });
    expect(connection.requestLine).toBe('GET /livestream/ws HTTP/1.1');
    expect(connection.bytes('down')).toBeGreaterThan(100);
    expect(proxy.counts).toMatchObject({ connections: 2, websockets: 1, cut: 0 });
    socket.close();
    await connection.closed;
    await proxy.until(() => proxy.connections().length === 0);
  });

  it.each(['reset', 'end'] as const)('cuts by %s whom it shall', async (kind) => {
    const [one, other] = [await openSocket(), await openSocket()];
    const [first] = proxy.connections(isWebSocket);
    expect(proxy.cut({ kind, filter: (connection) => connection === first })).toBe(1);
    const [code] = (await once(one, 'close')) as [number];
    expect(code).toBe(1006);
    await first!.closed;
    expect(await echo(other)).toBe('hello');
    expect(proxy.cut({ filter: isHttp })).toBe(0);
  });

  it("cuts the server's side alone: the client hears nothing", async () => {
    const socket = await openSocket();
    proxy.stall({ direction: 'down' });
    const [atServer] = [...sockets.clients];
    proxy.cut({ side: 'server' });
    await once(atServer!, 'close');
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  it('refuses connections for a while, and keeps those that are open', async () => {
    const socket = await openSocket();
    const over = proxy.refuse(100);
    await expect(get()).rejects.toThrow('ECONNREFUSED');
    expect(await echo(socket)).toBe('hello');
    await over;
    expect(await get()).toMatchObject({ status: 200 });
  });

  it('cuts and refuses only the connections of a kind', async () => {
    const socket = await openSocket();
    const over = proxy.outage(100, { filter: isWebSocket });
    await once(socket, 'close');
    await expect(openSocket()).rejects.toThrow('ECONNRESET');
    expect(await get()).toMatchObject({ status: 200 });
    expect(proxy.counts).toMatchObject({ cut: 1, refused: 1 });
    await over;
    expect(await echo(await openSocket())).toBe('hello');
  });

  it("answers in the server's place", async () => {
    proxy.answer('503 Service Unavailable', { filter: isWebSocket, headers: ['Retry-After: 1'] });
    await expect(openSocket()).rejects.toThrow('503');
    expect(await get()).toMatchObject({ status: 200 });
    proxy.heal();
    expect(await echo(await openSocket())).toBe('hello');
  });

  it('stalls one direction: what is sent in it waits, and so does the end', async () => {
    const socket = await openSocket();
    const [connection] = proxy.connections(isWebSocket);
    const [atServer] = [...sockets.clients];
    proxy.stall({ direction: 'up', filter: isWebSocket });
    const before = connection!.bytes('up');
    socket.send('held');
    atServer!.send('passes');
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(data.toString()).toBe('passes');
    socket.terminate();
    await once(socket, 'close');
    expect(connection!.bytes('up')).toBe(before);
    expect(atServer!.readyState).toBe(WebSocket.OPEN);
    const heard = once(atServer!, 'message') as Promise<[Buffer]>;
    const ended = once(atServer!, 'close');
    proxy.unstall();
    expect((await heard)[0].toString()).toBe('held');
    await ended;
  });

  it('delays each direction and keeps the order', async () => {
    const socket = await openSocket();
    proxy.delay(60, { direction: 'up' });
    proxy.delay(40, { direction: 'down' });
    const received: string[] = [];
    const all = new Promise<void>((resolve) =>
      socket.on('message', (data: Buffer) => {
        received.push(data.toString());
        if (received.length === 20) resolve();
      }),
    );
    const sent = Array.from({ length: 20 }, (_, index) => `message ${index}`);
    const since = performance.now();
    for (const text of sent) socket.send(text);
    await all;
    expect(performance.now() - since).toBeGreaterThanOrEqual(99);
    expect(received).toEqual(sent);
  });

  it('throttles to a rate, and makes the sender feel it', async () => {
    const socket = await openSocket();
    proxy.throttle(4 * 1024 * 1024, { direction: 'up' });
    const bytes = new Uint8Array(1024 * 1024).map((_, index) => index % 251);
    const since = performance.now();
    socket.send(bytes);
    const [connection] = proxy.connections(isWebSocket);
    const answered = once(socket, 'message');
    await proxy.until(() => connection!.waiting('up') > 0);
    const [data] = (await answered) as [Buffer];
    expect(performance.now() - since).toBeGreaterThan(200);
    expect(connection!.waiting('up')).toBe(0);
    expect(data.equals(bytes)).toBe(true);
  });

  it('closes connections over which nothing passes', async () => {
    proxy.closeIdle(50, { filter: isWebSocket });
    const socket = await openSocket();
    await once(socket, 'close');
    expect(proxy.counts.idle).toBe(1);
  });

  it('follows a server to another port, and a connection to its newest request', async () => {
    const other = createServer((_asked, answer) => answer.end('other'));
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    proxy.target = { host: '127.0.0.1', port: (other.address() as AddressInfo).port };
    expect(await get()).toEqual({ status: 200, body: 'other' });
    const answers = [];
    for (const path of ['/one', '/two']) answers.push(await (await fetch(`${proxy.url}${path}`)).text());
    expect(answers).toEqual(['other', 'other']);
    expect(proxy.connections(requests(/two/))).toHaveLength(1);
    other.closeAllConnections();
    other.close();
  });
});
