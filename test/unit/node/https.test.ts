import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { request as requestHttps, Agent } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Hono } from 'hono';
import { WebSocket, WebSocketServer } from 'ws';
import type { TranscoderFactory } from '../../../server/index.js';
import { writeInitSegment } from '../../../server/hls/init-segment.js';
import { writeFragment } from '../../../server/hls/media-segment.js';
import type { Sample } from '../../../server/hls/sample.js';
import { createHttpServer } from '../../../server/node/http-server.js';
import { serve, type RunningServer, type ServeOptions } from '../../../server/node/serve.js';
import { LiveMp4Reader } from '../../helpers/live-mp4-client.js';
import { audioTrack, makeSamples, videoTrack } from '../../helpers/samples.js';
import { makeSelfSigned } from '../../helpers/self-signed.js';
import { withResolvers } from './transcode-file.js';

const { certificate: ca, key: keyPem } = makeSelfSigned();

/** Gives out as fragments what it is given: what is published here is what a transcoder writes. */
const transcoder: TranscoderFactory = {
  start: (_, events) => ({
    write(bytes) {
      events.onOutput(bytes);
      return true;
    },
    drained: () => Promise.resolve(),
    end: () => events.onExit(),
    kill: () => events.onExit(),
  }),
};

let folder: string;
let certificate: string;
let key: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livedrop-https-'));
  certificate = join(folder, 'cert.pem');
  key = join(folder, 'key.pem');
  await Promise.all([writeFile(certificate, ca), writeFile(key, keyPem)]);
});
afterAll(() => rm(folder, { recursive: true }));

let server: RunningServer | undefined;
const open: { close(): void }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) each.close();
  await server?.close();
});

async function start(options: Partial<ServeOptions> = {}): Promise<RunningServer> {
  const limits = { maxMessageRate: 100_000, maxCommandRate: 1000 };
  return (server = await serve({ port: 0, transcoder, certificate, key, drainTime: 1, limits, ...options }));
}

async function connect({ url }: RunningServer): Promise<ClientHttp2Session> {
  const session = connectHttp2(url, { ca });
  open.push(session);
  await once(session, 'connect');
  return session;
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  stream: ClientHttp2Stream;
}

async function ask(session: ClientHttp2Session, path: string, fields = {}): Promise<Answer> {
  const stream = session.request({ ':path': path, ...fields });
  const [headers] = (await once(stream, 'response')) as [Record<string, string>];
  return { status: Number(headers[':status']), headers, stream };
}

async function publish({ port }: RunningServer, streamId: string) {
  const socket = new WebSocket(`wss://localhost:${port}/livestream/ws`, { ca });
  open.push({ close: () => socket.terminate() });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'start-stream', streamId }));
  const [message] = (await once(socket, 'message')) as [Buffer];
  const started = JSON.parse(message.toString()) as { playbackUrl: string };
  socket.send(writeInitSegment([videoTrack, audioTrack]));
  const send = (samples: readonly Sample[]): void => {
    for (const sample of samples) {
      socket.send(writeFragment(1, [{ track: sample.track, samples: [sample] }]));
    }
  };
  return { socket, started, send };
}

describe('serve with a certificate', () => {
  it('§B.1 answers over HTTP/2 and over HTTP/1.1', async () => {
    const running = await start();
    expect(running.url).toBe(`https://localhost:${running.port}`);
    const session = await connect(running);
    expect(session.alpnProtocol).toBe('h2');
    const { status, stream } = await ask(session, '/healthz');
    expect(status).toBe(200);
    expect(JSON.parse(await text(stream))).toEqual({ status: 'ok' });

    const asked = requestHttps(`${running.url}/healthz`, { ca, agent: false });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.resume();
  });

  it('answers what HTTP/2 has no words for', async () => {
    const session = await connect(await start());
    const { status, headers, stream } = await ask(session, '/livestream/ws');
    expect(status).toBe(426);
    expect(headers['upgrade']).toBeUndefined();
    expect(await text(stream)).toContain('WebSocket');
  });

  it('answers a request that offers another upgrade', async () => {
    const { url } = await start();
    const headers = { connection: 'upgrade', upgrade: 'h2c' };
    const asked = requestHttps(`${url}/healthz`, { ca, agent: false, headers });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.resume();
  });

  it('publishes over a WebSocket beside it and plays over HTTP/2: playlists, waiting ones, media, live.mp4', async () => {
    const running = await start();
    const session = await connect(running);
    const { socket, started, send } = await publish(running, 'garden');
    expect(started.playbackUrl).toBe(`${running.url}/livestream/garden/stream.m3u8`);
    const source = makeSamples({ length: 6 });
    send(source.slice(0, 200));
    const live = await ask(session, '/livestream/garden/live.mp4?flush=frame');
    expect(live.status).toBe(200);
    const reader = new LiveMp4Reader();
    live.stream.on('data', (bytes: Buffer) => reader.push(bytes));

    const multivariant = await ask(session, '/livestream/garden/stream.m3u8', { 'accept-encoding': 'gzip' });
    expect(multivariant.headers['content-encoding']).toBe('gzip');
    const uri = gunzipSync(await buffer(multivariant.stream))
      .toString()
      .trimEnd()
      .split('\n')
      .at(-1)!;
    const base = `/livestream/garden/${uri}`;
    const playlist = await text((await ask(session, base)).stream);
    const lists = playlist.match(/#EXTINF/g)!.length;
    const first = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(playlist)![1]);
    const waiting = ask(session, `${base}?_HLS_msn=${first + lists + 1}&_HLS_part=0`);
    send(source.slice(200));
    expect(await text((await waiting).stream)).toContain('#EXT-X-PART');
    const segment = /^.*\.m4s$/m.exec(playlist)![0];
    const media = await ask(session, `${base.slice(0, base.lastIndexOf('/'))}/${segment}`);
    expect(media.headers['content-type']).toBe('video/mp4');
    expect((await buffer(media.stream)).length).toBeGreaterThan(1000);

    socket.send(JSON.stringify({ type: 'stop-stream', streamId: 'garden' }));
    await once(live.stream, 'end');
    expect(reader.isWhole).toBe(true);
    expect(reader.samples.at(-1)!.dts).toBeGreaterThan(250_000);
  });

  it('forgets a request, and a viewer of live.mp4, whose stream is reset', async () => {
    const running = await start();
    const session = await connect(running);
    const { send } = await publish(running, 'garden');
    send(makeSamples({ length: 3 }));
    const live = await ask(session, '/livestream/garden/live.mp4');
    const viewers = async () => {
      const { stream } = await ask(session, '/livestream/garden');
      return (JSON.parse(await text(stream)) as { liveViewers: number }).liveViewers;
    };
    expect(await viewers()).toBe(1);
    live.stream.close();
    await expect.poll(viewers).toBe(0);
    const other = await ask(await connect(running), '/livestream/garden/live.mp4');
    expect(await viewers()).toBe(1);
    other.stream.session!.destroy();
    await expect.poll(viewers).toBe(0);
  });

  it('tells an answer that waits that its client has left', async () => {
    const { promise: waits, resolve: onWait } = withResolvers<void>();
    const { promise: left, resolve: onLeave } = withResolvers<void>();
    const app = new Hono();
    app.get('/', async (c) => {
      c.req.raw.signal.addEventListener('abort', () => onLeave());
      onWait();
      await left;
      return c.body(null, 204);
    });
    const sockets = new WebSocketServer({ noServer: true });
    const plain = createHttpServer(app, sockets, { cert: ca, key: keyPem });
    open.push(plain);
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const session = connectHttp2(`https://localhost:${(plain.address() as AddressInfo).port}`, { ca });
    open.push(session);
    const stream = session.request({ ':path': '/' });
    await waits;
    stream.close();
    await left;
  });

  it('ends streams, sessions and sockets when it closes', async () => {
    const running = await start();
    const session = await connect(running);
    const { socket, send } = await publish(running, 'garden');
    send(makeSamples({ length: 3 }));
    const live = await ask(session, '/livestream/garden/live.mp4');
    live.stream.resume();
    const ended = Promise.all([once(live.stream, 'end'), once(session, 'close'), once(socket, 'close')]);
    await running.close();
    await ended;
    await expect(fetch(`${running.url}/healthz`)).rejects.toThrow();
  });

  it('waits no longer than the drain time for clients that say nothing', async () => {
    const running = await start({ drainTime: 0.1 });
    const silent = connectTcp(running.port, '127.0.0.1');
    await once(silent, 'connect');
    const agent = new Agent({ keepAlive: true });
    const asked = requestHttps(`${running.url}/healthz`, { ca, agent });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    const session = await connect(running);
    // Nobody reads, so that the answer cannot end.
    const { send } = await publish(running, 'garden');
    send(makeSamples({ length: 3 }));
    const stuck = await ask(session, '/livestream/garden/live.mp4');
    stuck.stream.on('error', () => {});
    session.on('error', () => {});
    await running.close();
    agent.destroy();
    silent.destroy();
  });

  it('does not start with a certificate that cannot be used', async () => {
    await expect(start({ key: undefined })).rejects.toThrow('A certificate without a key');
    await expect(start({ certificate: join(folder, 'none.pem') })).rejects.toThrow('no such file');
  });
});
