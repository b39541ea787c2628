import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Asset, AssetStore, TranscoderFactory } from '../../../server/index.js';
import { serve, type RunningServer, type ServeOptions } from '../../../server/node/serve.js';
import { withResolvers } from './transcode-file.js';

/** Never asked for: no test here sends a container. */
const transcoder: TranscoderFactory = {
  start() {
    throw new Error('no stream was expected');
  },
};

let server: RunningServer | undefined;
afterEach(() => server?.close());

async function start(options: Partial<ServeOptions> = {}): Promise<RunningServer> {
  return (server = await serve({ port: 0, transcoder, ...options }));
}

async function connectPublisher({ port }: RunningServer): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/livestream/ws`);
  await once(socket, 'open');
  return socket;
}

/** A file that takes until `answer` is called. */
function pendingAsset() {
  const { promise: asked, resolve: onAsked } = withResolvers<void>();
  const { promise, resolve: answer } = withResolvers<Asset>();
  const read = (): Promise<Asset> => {
    onAsked();
    return promise;
  };
  return { assets: { read } satisfies AssetStore, asked, answer };
}

describe('serve', () => {
  it('answers at the address it gives', async () => {
    const { url, port } = await start();
    expect(url).toBe(`http://localhost:${port}`);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('upgrades to WebSocket', async () => {
    const socket = await connectPublisher(await start());
    socket.send('{"type":"join-stream","streamId":"garden"}');
    const [message] = (await once(socket, 'message')) as [Buffer];
    expect(JSON.parse(message.toString())).toMatchObject({ streamId: 'garden' });
  });

  it('answers a request that offers another upgrade', async () => {
    const { port } = await start();
    const asked = request({
      port,
      host: '127.0.0.1',
      path: '/healthz',
      headers: { connection: 'upgrade', upgrade: 'h2c' },
    });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    expect(await text(response)).not.toBe('');
  });

  it('refuses an address that others can reach while nobody needs a key', async () => {
    await expect(serve({ host: '0.0.0.0', transcoder })).rejects.toThrow('no stream key is configured');
    await expect(serve({ host: '0.0.0.0', transcoder, streamKeys: [''] })).rejects.toThrow('no stream key');
  });

  it('refuses times that are out of their range', async () => {
    for (const wrong of [
      { heartbeat: 0 },
      { heartbeat: Number.NaN },
      { drainTime: -1 },
      { drainTime: 301 },
    ]) {
      const [name] = Object.keys(wrong);
      await expect(serve({ port: 0, transcoder, ...wrong })).rejects.toThrow(
        new RegExp(`^${name} is .*; give seconds`),
      );
    }
  });

  it('names the port that is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(serve({ port, transcoder })).rejects.toThrow(
      `port ${port} is in use by another program; choose another with --port or LIVEDROP_PORT`,
    );
    other.close();
  });

  it('names the address that is not of this machine', async () => {
    await expect(serve({ port: 0, host: '192.0.2.1', streamKeys: ['key'], transcoder })).rejects.toThrow(
      "'192.0.2.1' is not an address of this machine",
    );
  });

  it('fails where there is no ffmpeg', async () => {
    await expect(serve({ port: 0, ffmpegPath: '/nowhere/ffmpeg' })).rejects.toThrow(
      "'/nowhere/ffmpeg' is not an ffmpeg",
    );
  });
});

describe('close', () => {
  it('closes WebSockets as going away and frees the port', async () => {
    const running = await start();
    const socket = await connectPublisher(running);
    const closed = once(socket, 'close') as Promise<[number]>;
    await running.close();
    expect((await closed)[0]).toBe(1001);
    await expect(fetch(`${running.url}/healthz`)).rejects.toThrow();
  });

  it('lets an answer under way finish', async () => {
    const { assets, asked, answer } = pendingAsset();
    const running = await start({ assets });
    const response = fetch(`${running.url}/livedrop.js`);
    await asked;
    const closing = running.close();
    answer({ body: new TextEncoder().encode('script'), type: 'text/javascript', immutable: false });
    expect(await (await response).text()).toBe('script');
    await closing;
  });

  it('waits no longer than the drain time for answers and for clients that say nothing', async () => {
    const { assets, asked } = pendingAsset();
    const running = await start({ assets, drainTime: 0.1 });
    const silent = connect(running.port, '127.0.0.1');
    await once(silent, 'connect');
    const socket = await connectPublisher(running);
    // It takes no part in the closing handshake.
    socket.pause();
    const response = fetch(`${running.url}/livedrop.js`).catch(() => 'cut');
    await asked;
    await running.close();
    expect(await response).toBe('cut');
    silent.destroy();
    socket.terminate();
  });

  it('serves those who are watching for another second', async () => {
    const running = await start();
    await fetch(`${running.url}/livestream/garden/stream.m3u8`);
    const closing = running.close();
    // After the streams have ended, and before the port is closed.
    await new Promise((resolve) => setImmediate(resolve));
    expect((await fetch(`${running.url}/livestream/garden/stream.m3u8`)).status).toBe(404);
    await closing;
  });

  it('may be called twice', async () => {
    const running = await start();
    await Promise.all([running.close(), running.close()]);
  });
});
