import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AssetStore, TranscoderFactory } from '../../../server/index.js';
import { serve, type RunningServer, type ServeOptions } from '../../../server/node/serve.js';
import { makeSelfSigned } from '../../helpers/self-signed.js';
import { withResolvers } from './transcode-file.js';

const transcoder: TranscoderFactory = {
  start: () => {
    throw new Error('no media in these tests');
  },
};

/** More than a socket's buffers hold. */
const large = new Uint8Array(32 * 1024 * 1024);
const assets: AssetStore = {
  async read(name) {
    if (name.includes('late')) await late.promise;
    else if (name !== 'assets/large.png') return undefined;
    const body = name.includes('large') ? large : large.subarray(0, 9);
    return { body, type: 'image/png', immutable: false };
  },
};

/** When `late.png` is there. */
let late = withResolvers<void>();

let folder: string;
let tls: { certificate: string; key: string };
const { certificate: ca, key } = makeSelfSigned();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livedrop-http-limits-'));
  tls = { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  await Promise.all([writeFile(tls.certificate, ca), writeFile(tls.key, key)]);
});
afterAll(() => rm(folder, { recursive: true }));

let server: RunningServer | undefined;
const open: { destroy(): void }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) each.destroy();
  await server?.close();
});

async function start(options: Partial<ServeOptions>): Promise<RunningServer> {
  return (server = await serve({ port: 0, transcoder, assets, drainTime: 0.2, ...options }));
}

type Kind = 'http' | 'https';

/** A connection over HTTP/1.1, with or without TLS. */
async function dial(kind: Kind, { port }: RunningServer): Promise<Socket> {
  const host = '127.0.0.1';
  const socket =
    kind === 'http'
      ? connect(port, host)
      : connectTls({ port, host, ca, servername: 'localhost', ALPNProtocols: ['http/1.1'] });
  open.push(socket);
  socket.on('error', () => {});
  await once(socket, kind === 'http' ? 'connect' : 'secureConnect');
  return socket;
}

async function metrics({ url }: RunningServer): Promise<string> {
  if (!url.startsWith('https')) return await (await fetch(`${url}/metrics`)).text();
  const session = connectHttp2(url, { ca });
  session.on('error', () => {});
  try {
    return await text(session.request({ ':path': '/metrics' }));
  } finally {
    session.destroy();
  }
}

async function refused(running: RunningServer): Promise<Record<string, number>> {
  const found = (await metrics(running)).matchAll(/^livedrop_refused_total\{limit="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries(Array.from(found, ([, limit, count]) => [limit, Number(count)]));
}

/** A client that took nothing of its answer was cut. */
const stalled = (running: RunningServer): Promise<void> =>
  expect.poll(() => refused(running), { timeout: 10_000, interval: 150 }).toMatchObject({ stallTime: 1 });

describe.each(['http', 'https'] as const)('over %s', { timeout: 15_000 }, (kind) => {
  const with_ = (options: Partial<ServeOptions>) => start({ ...options, ...(kind === 'https' ? tls : {}) });

  it.each([
    ['says nothing', ''],
    ['never ends its headers', 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: 1\r\n'],
  ])('cuts a client that %s', async (_, begun) => {
    const running = await with_({ headerTime: 0.4 });
    const socket = await dial(kind, running);
    socket.write(begun);
    // Byte for byte, as slow-loris does; not so long that one crosses with the answer, which would be lost with it.
    let drips = begun === '' ? 0 : 3;
    const drip = setInterval(() => drips-- > 0 && socket.write('a'), 40);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 .*application\/problem\+json.*"status":408/s);
    clearInterval(drip);
    expect(await refused(running)).toMatchObject({ headerTime: 1 });
  });

  it('refuses headers that are too large', async () => {
    const running = await with_({ maxHeaderBytes: 2000 });
    const socket = await dial(kind, running);
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(3000)}\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 431 .*"status":431/s);
    expect(await refused(running)).toMatchObject({ maxHeaderBytes: 1 });
  });

  it('cuts a client that does not take its answer, and not one that waits', async () => {
    const running = await with_({ stallTime: 0.3 });
    late = withResolvers();
    const patient = await dial(kind, running);
    patient.write('GET /assets/late.png HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const socket = await dial(kind, running);
    socket.write('GET /assets/large.png HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.pause();
    await stalled(running);
    socket.resume();
    await once(socket, 'close');
    expect(socket.bytesRead).toBeLessThan(large.length);
    late.resolve();
    expect(await text(patient)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('takes no more connections than it may, and others when one has ended', async () => {
    const running = await with_({ maxConnections: 2 });
    const [first, second] = [await dial(kind, running), await dial(kind, running)];
    const third = connect(running.port, '127.0.0.1');
    open.push(third);
    third.on('error', () => {});
    const answer = await text(third);
    if (kind === 'http') expect(answer).toMatch(/^HTTP\/1\.1 503 .*Retry-After: 5.*"status":503/s);
    else expect(answer).toBe('');
    first.destroy();
    second.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await text(second)).toMatch(/^HTTP\/1\.1 200 /);
    await expect
      .poll(() => refused(running).catch(() => ({})), { timeout: 5000, interval: 20 })
      .toMatchObject({ maxConnections: expect.any(Number) });
  });

  it('says in words what is no HTTP', async () => {
    const socket = await dial(kind, await with_({}));
    socket.write('SSH-2.0-OpenSSH\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 .*"status":400/s);
  });
});

describe('over HTTP/2', { timeout: 15_000 }, () => {
  it('cuts a client that does not take its answer', async () => {
    const running = await start({ ...tls, stallTime: 0.3 });
    const session = connectHttp2(running.url, { ca });
    open.push(session);
    const stream = session.request({ ':path': '/assets/large.png' });
    stream.on('error', () => {});
    await once(stream, 'response');
    await stalled(running);
  });

  it('cuts a client that does not take an answer that came late', async () => {
    late = withResolvers();
    const running = await start({ ...tls, stallTime: 0.2 });
    const session = connectHttp2(running.url, { ca });
    open.push(session);
    const stream = session.request({ ':path': '/assets/late-and-large.png' });
    stream.on('error', () => {});
    await new Promise((resolve) => setTimeout(resolve, 500));
    late.resolve();
    await stalled(running);
  });

  it('refuses headers that are too large', async () => {
    const running = await start({ ...tls, maxHeaderBytes: 2000 });
    const session = connectHttp2(running.url, { ca });
    open.push(session);
    session.on('error', () => {});
    // The setting holds from when the client knows it.
    await text(session.request({ ':path': '/healthz' }));
    const stream = session.request({ ':path': '/healthz', 'x-large': 'x'.repeat(3000) });
    const [result] = (await Promise.race([once(stream, 'error'), once(stream, 'response')])) as [unknown];
    expect(result).toBeInstanceOf(Error);
    // The session goes on, or another begins: the server is none the worse.
    expect(await refused(running)).toEqual({});
  });

  it('tells how many requests one connection may have at once', async () => {
    const running = await start({ ...tls, maxRequestsPerConnection: 7 });
    const session = connectHttp2(running.url, { ca });
    open.push(session);
    session.on('error', () => {});
    const [settings] = (await once(session, 'remoteSettings')) as [{ maxConcurrentStreams: number }];
    expect(settings.maxConcurrentStreams).toBe(7);
  });

  it('cuts a client that never shakes hands', async () => {
    const running = await start({ ...tls, headerTime: 0.2 });
    const socket = connect(running.port, '127.0.0.1');
    open.push(socket);
    socket.on('error', () => {});
    socket.resume();
    await once(socket, 'close');
  });
});

it('refuses values that make no sense', async () => {
  await expect(start({ headerTime: 0 })).rejects.toThrow('headerTime is 0; give a number from 0.1 to 300');
  await expect(start({ maxHeaderBytes: 1 })).rejects.toThrow('maxHeaderBytes is 1');
  await expect(start({ stallTime: Number.NaN })).rejects.toThrow('stallTime is NaN');
  await expect(start({ maxConnections: 0 })).rejects.toThrow('maxConnections is 0');
  await expect(start({ maxRequestsPerConnection: 0 })).rejects.toThrow('maxRequestsPerConnection is 0');
  server = undefined;
});
