import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { Ffmpeg } from './ffmpeg.js';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** Emptied at each start too, since a bench that was killed could not. */
const FOLDER = path('../../../../.cache/bench/');

/** What becomes of a recorder's bytes. */
export interface Pipeline {
  /** Arguments of the ffmpeg that reads them, after its input. @param folder is served under `/streams/<id>/` */
  output(streamId: string, folder: string): string[];
  /** Where the playlist will be. */
  playlist(streamId: string): string;
}

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
  '/demo/empty.html': path('empty.html'),
  '/hls.min.js': path('../../../../node_modules/hls.js/dist/hls.min.js'),
};

/**
 * The plainest server there is for HLS: a WebSocket whose bytes go into an ffmpeg, and a folder that is served over HTTP
 * as it is.
 */
export class RecorderServer {
  readonly #folder: string;
  readonly #pipeline: Pipeline;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #processes = new Set<Ffmpeg>();

  private constructor(folder: string, pipeline: Pipeline) {
    this.#folder = folder;
    this.#pipeline = pipeline;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#sockets = new WebSocketServer({ server: this.#server, perMessageDeflate: false });
    this.#sockets.on('connection', (socket, request) => {
      const streamId = /^\/publish\/([\w-]+)$/.exec(request.url ?? '')?.[1];
      if (!streamId) return socket.terminate();
      const started = this.#startFfmpeg(streamId);
      // Each message waits for the start: until then nothing is lost, and the order is theirs.
      socket.on('message', (data: Buffer) => void started.then((ffmpeg) => ffmpeg.write(data)));
      socket.once('close', () => void started.then((ffmpeg) => this.#endFfmpeg(ffmpeg)));
    });
  }

  /** @param name of the folder that it uses, alone */
  static async start(name: string, pipeline: Pipeline): Promise<RecorderServer> {
    const server = new RecorderServer(join(FOLDER, name), pipeline);
    await rm(server.#folder, { recursive: true, force: true });
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
    return [...this.#processes].map(({ problem }) => problem).filter(Boolean);
  }

  /** Ends them all. Resolves when their processes are gone. */
  async endStreams(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    await Promise.all([...this.#processes].map((ffmpeg) => this.#endFfmpeg(ffmpeg)));
  }

  /** Leaves no process and no file. */
  async close(): Promise<void> {
    await this.endStreams();
    this.#sockets.close();
    this.#server.close();
    this.#server.closeAllConnections();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #startFfmpeg(streamId: string): Promise<Ffmpeg> {
    const folder = join(this.#folder, streamId);
    await mkdir(folder, { recursive: true });
    const ffmpeg = new Ffmpeg(this.#pipeline.output(streamId, folder));
    this.#processes.add(ffmpeg);
    return ffmpeg;
  }

  async #endFfmpeg(ffmpeg: Ffmpeg): Promise<void> {
    await ffmpeg.end();
    this.#processes.delete(ffmpeg);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const streamId = /^\/playlist\/([\w-]+)$/.exec(pathname)?.[1];
    const stream = /^\/streams\/([\w-]+)\/([\w-]+\.\w+)$/.exec(pathname);
    const file = stream ? join(this.#folder, stream[1] ?? '', stream[2] ?? '') : PAGES[pathname];
    try {
      const bytes = streamId ? Buffer.from(this.#pipeline.playlist(streamId)) : await readFile(file ?? '');
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
}
