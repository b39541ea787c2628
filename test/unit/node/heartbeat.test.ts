import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startHeartbeat } from '../../../server/node/heartbeat.js';
import { FaultyProxy } from '../../helpers/faulty-proxy.js';
import { serve, type RunningServer } from '../../../server/node/serve.js';

let server: RunningServer | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await server?.close();
});

/** The beginning of a masked text message (RFC 6455 §5.2), up to its payload. */
const TEXT_OF_8000_BYTES = Uint8Array.of(0x81, 0x80 | 126, 8000 >> 8, 8000 & 0xff, 0, 0, 0, 0);

/** A WebSocket whose client answers no ping, as one whose network is gone. */
async function connectMute(port: number): Promise<Duplex> {
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const asked = request({ port, host: '127.0.0.1', path: '/livestream/ws', headers }).end();
  const [, socket] = (await once(asked, 'upgrade')) as [unknown, Duplex];
  socket.resume();
  return socket;
}

it('by default finds within ten seconds that the other end is gone, wherever between two pings that was', () => {
  vi.useFakeTimers();
  try {
    let accept = (_socket: object): void => {};
    const terminate = vi.fn();
    let answers = true;
    const pongs: (() => void)[] = [];
    const socket = {
      isPaused: false,
      ping: () => answers && pongs.forEach((pong) => pong()),
      terminate,
      on: (_event: string, listener: () => void) => pongs.push(listener),
    };
    const stop = startHeartbeat({
      clients: [socket],
      on: (_event, listener) => (accept = listener as never),
    });
    accept(socket);
    for (const later of [0, 100, 2000, 3900]) {
      answers = true;
      vi.advanceTimersByTime(60_000 + later);
      expect(terminate).not.toHaveBeenCalled();
      answers = false;
      vi.advanceTimersByTime(10_000);
      expect(terminate).toHaveBeenCalled();
      terminate.mockClear();
      // As if it were another one.
      pongs.forEach((pong) => pong());
    }
    stop();
  } finally {
    vi.useRealTimers();
  }
});

it('cuts a connection whose other end is gone, and no other', async () => {
  const transcoder = { start: () => Promise.reject(new Error('no stream was expected')) as never };
  server = await serve({ port: 0, transcoder, heartbeat: 0.2 });
  const alive = new WebSocket(`ws://127.0.0.1:${server.port}/livestream/ws`);
  await once(alive, 'open');
  // Its answers wait behind a message that comes a byte at a time.
  const busy = await connectMute(server.port);
  busy.write(TEXT_OF_8000_BYTES);
  alive.on('ping', () => busy.write('x'));
  const mute = await connectMute(server.port);
  await once(mute, 'close');
  for (let ping = 0; ping < 3; ping++) await once(alive, 'ping');
  expect(alive.readyState).toBe(WebSocket.OPEN);
  expect(busy.destroyed).toBe(false);
  alive.terminate();
  await once(busy, 'close');
});

it('leaves those alone whose uplink is full, and finds that they are gone all the same', async () => {
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const stop = startHeartbeat(sockets, 0.2);
  await once(sockets, 'listening');
  const { port } = sockets.address() as AddressInfo;
  const proxy = await FaultyProxy.start(`http://127.0.0.1:${port}`);
  try {
    const accepted = once(sockets, 'connection') as Promise<[WebSocket]>;
    const client = new WebSocket(proxy.socketUrl);
    await once(client, 'open');
    const [peer] = await accepted;
    const received: number[] = [];
    peer.on('message', (data: Buffer) => received.push(data.length));
    // A second and a half of it: seven pings, whose answers all come behind it.
    proxy.throttle(100_000, { direction: 'up' });
    client.send(new Uint8Array(150_000));
    await once(peer, 'message');
    await once(peer, 'pong');
    expect(received).toEqual([150_000]);
    proxy.stall();
    await once(peer, 'close');
    client.terminate();
  } finally {
    stop();
    await proxy.close();
    sockets.close();
  }
});

it('gives those another round that were not read from until just now', () => {
  vi.useFakeTimers();
  const socket = { isPaused: false, ping: vi.fn(), terminate: vi.fn(), on: vi.fn() };
  let onResume = (): void => {};
  const line = { bytesRead: 0, on: (_event: string, listener: () => void) => (onResume = listener) };
  let accept: (client: typeof socket, request: object) => void = () => {};
  const stop = startHeartbeat(
    { clients: [socket], on: (_, listener) => void (accept = listener as typeof accept) },
    10,
  );
  accept(socket, { socket: line });
  // A round begins after its timer.
  vi.advanceTimersByTime(10_001);
  socket.isPaused = true;
  vi.advanceTimersByTime(9000);
  socket.isPaused = false;
  onResume();
  vi.advanceTimersByTime(1000);
  expect(socket.terminate).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10_000);
  expect(socket.terminate).toHaveBeenCalledOnce();
  stop();
});

it('gives those another round whose answers came while this process was suspended', () => {
  vi.useFakeTimers();
  const socket = { isPaused: false, ping: vi.fn(), terminate: vi.fn(), on: vi.fn() };
  const now = vi.spyOn(performance, 'now');
  let onConnection: (client: typeof socket) => void = () => {};
  const stop = startHeartbeat(
    { clients: [socket], on: (_, listener) => void (onConnection = listener as typeof onConnection) },
    10,
  );
  onConnection(socket);
  vi.advanceTimersByTime(10_001);
  expect(socket.ping).toHaveBeenCalledTimes(1);
  // The timer comes before what the network brought: the answer is there, and not read.
  const asleep = performance.now() + 3_600_000;
  now.mockReturnValue(asleep);
  vi.advanceTimersByTime(10_000);
  expect(socket.terminate).not.toHaveBeenCalled();
  expect(socket.ping).toHaveBeenCalledTimes(2);
  now.mockReturnValue(asleep + 10_000);
  vi.advanceTimersByTime(10_000);
  expect(socket.terminate).toHaveBeenCalledOnce();
  stop();
  now.mockRestore();
});
