import type { WSContext } from 'hono/ws';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { defaultLimits, defaultPackaging, silentLogger, type Limits } from '../../../server/options.js';
import { Connection, type ConnectionServices } from '../../../server/routes/connection.js';
import { IdleConnections } from '../../../server/routes/idle-connections.js';
import { Audience } from '../../../server/streams/audience.js';
import { Quota } from '../../../server/streams/quota.js';
import { Refusals } from '../../../server/streams/refusals.js';
import { Streams } from '../../../server/streams/streams.js';
import { withResolvers } from '../node/transcode-file.js';

const someLimits = { ...defaultLimits, maxSocketBacklogBytes: 16 * 1024 };

function setUp(raw: object, given: Partial<Limits> = {}) {
  const limits = { ...someLimits, ...given };
  const audience = new Audience();
  const refusals = new Refusals();
  const socket = { readyState: 1, send: vi.fn(), close: vi.fn(), raw };
  const names = { all: 'maxViewers', perAddress: 'maxViewersPerAddress' } as const;
  const services = {
    ...{ audience, refusals, limits, logger: silentLogger, address: undefined },
    streams: new Streams(defaultPackaging, limits, audience),
    viewers: new Quota('viewers', names, limits, 5),
    idle: new IdleConnections(limits),
    playbackUrl: () => '',
  };
  const connection = new Connection(
    socket as unknown as WSContext,
    services as unknown as ConnectionServices,
  );
  ended.push(connection);
  return { connection, socket, refusals, audience };
}

const ended: Connection[] = [];
afterEach(() => {
  for (const connection of ended.splice(0)) connection.ended();
});

const status = { type: 'stream-status', streamId: 'a', status: 'live' } as const;

describe('a connection whose client does not read', () => {
  it('is cut when too much waits for it, and is sent nothing more', () => {
    const raw = { bufferedAmount: 16 * 1024, terminate: vi.fn() };
    const { connection, socket, refusals } = setUp(raw);
    connection.send(status);
    expect(socket.send).toHaveBeenCalledOnce();
    raw.bufferedAmount++;
    for (let count = 0; count < 3; count++) connection.send(status);
    expect(socket.send).toHaveBeenCalledOnce();
    expect(raw.terminate).toHaveBeenCalledOnce();
    expect(refusals.counts.get('maxSocketBacklogBytes')).toBe(1);
  });

  it('is closed where the runtime cannot cut', () => {
    const { connection, socket } = setUp({ bufferedAmount: 20_000 });
    connection.send(status);
    expect(socket.close).toHaveBeenCalledExactlyOnceWith(1008, 'what was sent was not read');
  });

  it('is left alone where the runtime does not tell how much waits', () => {
    const { connection, socket } = setUp({});
    connection.send(status);
    expect(socket.send).toHaveBeenCalledOnce();
  });
});

describe('a connection that is not to be read from', () => {
  it('is read from again when the last who asked for that says so', () => {
    const raw = { pause: vi.fn(), resume: vi.fn() };
    const { connection } = setUp(raw);
    connection.pause();
    connection.pause();
    connection.resume();
    expect(raw.pause).toHaveBeenCalledOnce();
    expect(raw.resume).not.toHaveBeenCalled();
    connection.resume();
    expect(raw.resume).toHaveBeenCalledOnce();
  });

  it('is read from to its end when it is closed, or the answer would not be seen', () => {
    const raw = { pause: vi.fn(), resume: vi.fn() };
    const { connection, socket } = setUp(raw);
    connection.pause();
    connection.close(1000, 'x'.repeat(200));
    expect(raw.resume).toHaveBeenCalledBefore(socket.close);
    expect(socket.close).toHaveBeenCalledExactlyOnceWith(1000, 'x'.repeat(123));
  });
});

it('is closed when more of its messages wait than may, and told when to come back', () => {
  const { connection, socket, refusals } = setUp({}, { maxPendingMessages: 3 });
  for (let count = 0; count < 5; count++) connection.receive('{"type":"clock","sent":1}');
  const said = socket.send.mock.calls.map(([text]) => JSON.parse(text as string) as object);
  expect(said).toMatchObject([{ type: 'error', code: 'RATE_LIMITED', fatal: true, retryAfter: 5 }]);
  expect(socket.close).toHaveBeenCalledExactlyOnceWith(1008, 'RATE_LIMITED');
  expect(refusals.counts.get('maxPendingMessages')).toBe(1);
});

it('takes nothing from a Blob whose bytes come when it is closed', async () => {
  const { connection, socket, refusals } = setUp({});
  const { promise, resolve } = withResolvers<ArrayBuffer>();
  const blob = new Blob(['x']);
  blob.arrayBuffer = () => promise;
  connection.receive(blob);
  await Promise.resolve();
  connection.close(1000, 'enough');
  resolve(new ArrayBuffer(someLimits.maxMessageBytes + 1));
  // By no timer: another file of this process may hold them.
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  expect(socket.close).toHaveBeenCalledExactlyOnceWith(1000, 'enough');
  expect(refusals.counts.get('maxMessageBytes')).toBeUndefined();
});
