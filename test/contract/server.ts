import { afterAll, beforeAll, expect } from 'vitest';
import type { StartStreamMessage } from '../../server/protocol.js';
import { HlsClient } from '../helpers/hls-client.js';
import { Publisher } from '../helpers/publisher.js';
import { SocketClient } from '../helpers/socket-client.js';
import type { Host, ServerSetup, StartHost } from './implementation.js';

/** A server under test, as its clients know it: by its URL. */
export class Server {
  #clients: { close(): Promise<unknown> }[] = [];

  constructor(private readonly host: Host) {}

  /** Of livedrop, without a slash at the end. */
  get url(): string {
    return this.host.origin + this.host.mountPath;
  }

  get mountPath(): string {
    return this.host.mountPath;
  }

  get socketUrl(): string {
    return `${this.url.replace(/^http/, 'ws')}/livestream/ws`;
  }

  /** @param headers of the request that becomes the WebSocket */
  connect(headers?: Record<string, string>): Promise<SocketClient> {
    return this.connectTo(this.socketUrl, headers);
  }

  async connectTo(url: string, headers?: Record<string, string>): Promise<SocketClient> {
    const client = await SocketClient.open(url, headers);
    this.#clients.push(client);
    return client;
  }

  /** Starts publishing a stream. */
  async publish(streamId: string, fields?: Partial<StartStreamMessage>): Promise<Publisher> {
    const publisher = await Publisher.start(this.socketUrl, streamId, fields);
    this.#clients.push(publisher);
    return publisher;
  }

  /** Connects and joins a stream. */
  async watch(streamId: string): Promise<SocketClient> {
    const viewer = await this.connect();
    viewer.send({ type: 'join-stream', streamId });
    await viewer.next('stream-joined');
    return viewer;
  }

  /** What the limits are used and have refused, by their names. */
  async limits(): Promise<{ used: Record<string, number>; refused: Record<string, number> }> {
    const text = await (await this.fetch('/metrics')).text();
    const read = (name: string): Record<string, number> => {
      const found = text.matchAll(new RegExp(`^${name}\\{limit="(\\w+)"\\} (\\d+)$`, 'gm'));
      return Object.fromEntries(Array.from(found, ([, limit, value]) => [limit, Number(value)]));
    };
    return { used: read('livedrop_limit_used'), refused: read('livedrop_refused_total') };
  }

  hls(streamId: string): HlsClient {
    return new HlsClient(`${this.url}/livestream/${streamId}/stream.m3u8`);
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.url + path, init);
  }

  /** Resolves when the server holds so many requests that it has not answered yet. */
  async holds(requests: number): Promise<void> {
    const count = async () => Number(await (await fetch(`${this.host.origin}/in-progress`)).text());
    await expect.poll(count, { timeout: 5000, interval: 10 }).toBe(requests);
  }

  /** Shuts livedrop down. Its host goes on. */
  async shutDown(): Promise<void> {
    await fetch(`${this.host.origin}/shut-down`, { method: 'POST' });
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.host.close();
  }
}

/** Headers of a client that is somewhere, on a server with `addresses`. */
export function from(address: string | undefined): Record<string, string> {
  return address === undefined ? {} : { 'X-Test-Address': address };
}

/** Runs a server for the tests of a `describe`. */
export function useServer(startHost: StartHost, setup: ServerSetup = {}): () => Server {
  let server: Server | undefined;
  beforeAll(async () => {
    server = new Server(await startHost(setup));
  });
  afterAll(() => server?.close());
  return () => {
    if (!server) throw new Error('the server is not there yet');
    return server;
  };
}

let streams = 0;

/** An id that no other test uses. */
export function newStreamId(name = 'stream'): string {
  return `${name}-${++streams}`;
}
