import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { Transcoder } from './transcoder.js';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Emptied at each start too, since a bench that was killed could not. */
const FOLDER = path('../../../../.cache/bench/');

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.ts': 'video/mp2t',
};

/** The pages are where the demo's are: the same helpers open both, with the same camera. */
const PAGES: Record<string, string> = {
  '/demo/broadcast.html': path('broadcast.html'),
  '/demo/watch.html': path('watch.html'),
  '/hls.min.js': path('../../../../node_modules/hls.js/dist/hls.min.js'),
};

/**
 * The plainest server there is for HLS: a WebSocket whose bytes go into an `ffmpeg -f hls`, and a folder that is served
 * over HTTP as it is.
 */
export class FfmpegHlsServer {
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #transcoders = new Set<Transcoder>();

  private constructor() {
    this.#server = createServer((request, response) => void answer(request, response));
    this.#sockets = new WebSocketServer({ server: this.#server, perMessageDeflate: false });
    this.#sockets.on('connection', (socket, request) => {
      const streamId = /^\/publish\/([\w-]+)$/.exec(request.url ?? '')?.[1];
      if (!streamId) return socket.terminate();
      const started = this.#startTranscoder(streamId);
      // Each message waits for the start: until then nothing is lost, and the order is theirs.
      socket.on('message', (data: Buffer) => void started.then((transcoder) => transcoder.write(data)));
      socket.once('close', () => void started.then((transcoder) => this.#endTranscoder(transcoder)));
    });
  }

  static async start(): Promise<FfmpegHlsServer> {
    await rm(FOLDER, { recursive: true, force: true });
    const server = new FfmpegHlsServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  /** Without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What ffmpeg complained about in the streams that go on. */
  problems(): string[] {
    return [...this.#transcoders].map(({ problem }) => problem).filter(Boolean);
  }

  /** Ends them all. Resolves when their processes are gone. */
  async endStreams(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    await Promise.all([...this.#transcoders].map((transcoder) => this.#endTranscoder(transcoder)));
  }

  /** Leaves no process and no file. */
  async close(): Promise<void> {
    await this.endStreams();
    this.#sockets.close();
    this.#server.close();
    this.#server.closeAllConnections();
    await rm(FOLDER, { recursive: true, force: true });
  }

  async #startTranscoder(streamId: string): Promise<Transcoder> {
    const folder = join(FOLDER, streamId);
    await mkdir(folder, { recursive: true });
    const transcoder = new Transcoder(folder);
    this.#transcoders.add(transcoder);
    return transcoder;
  }

  async #endTranscoder(transcoder: Transcoder): Promise<void> {
    await transcoder.end();
    this.#transcoders.delete(transcoder);
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const stream = /^\/streams\/([\w-]+)\/([\w-]+\.\w+)$/.exec(pathname);
  const file = stream ? join(FOLDER, stream[1] ?? '', stream[2] ?? '') : PAGES[pathname];
  try {
    const bytes = await readFile(file ?? '');
    response.writeHead(200, {
      'Content-Type': TYPES[extname(pathname)] ?? 'application/octet-stream',
      'Content-Length': bytes.length,
      'Cache-Control': 'no-cache',
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  } catch {
    response.writeHead(404, { 'Content-Length': 0 }).end();
  }
}
