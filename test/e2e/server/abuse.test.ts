import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FragmentReader } from '../../../server/hls/fragment-reader.js';
import { numberedContainer } from '../../chaos/numbered-media.js';
import { generateFrames, repeatFrames, sendFramesInRealTime, type Frame } from '../../helpers/frames.js';
import { HlsClient } from '../../helpers/hls-client.js';
import { ObservedServer } from '../../helpers/observed-server.js';
import { PlaylistFollower } from '../../helpers/playlist-follower.js';
import { Publisher } from '../../helpers/publisher.js';
import { SocketClient } from '../../helpers/socket-client.js';

const LIMITS = {
  idleTime: 2,
  maxIdleConnections: 200,
  maxSocketBacklogBytes: 16 * 1024,
  maxCommandRate: 100_000,
};

/** More than the system keeps for a connection of this machine, in both its ends. */
const FLOOD = 16_000_000;

/** How much more a server may hold for one who floods it: that is what the media's last seconds are. */
const MOST_GROWTH = 12_000_000;
const HTTP = { headerTime: 1 };

let server: ObservedServer;
let bystander: Bystander;
beforeAll(async () => {
  server = await ObservedServer.start(LIMITS, {}, HTTP);
});
afterAll(() => server?.close());
beforeEach(async () => {
  bystander = await Bystander.start();
});

const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.destroy();
});

/** A stream that somebody else publishes and watches meanwhile. */
class Bystander {
  static #count = 0;

  private constructor(
    private readonly publisher: Publisher,
    private readonly follower: PlaylistFollower,
    private readonly sent: readonly Frame[],
    private readonly sending: Promise<void>,
    private readonly stop: AbortController,
  ) {}

  static async start(): Promise<Bystander> {
    const source = await generateFrames({ video: 'h264', seconds: 3 });
    const id = `bystander-${++Bystander.#count}`;
    const publisher = await Publisher.start(server.socketUrl, id, { format: source.format });
    const stop = new AbortController();
    const sent: Frame[] = [];
    function* noted(): Generator<Frame> {
      for (const frame of repeatFrames(source)) {
        sent.push(frame);
        yield frame;
      }
    }
    const sending = sendFramesInRealTime(publisher, noted(), stop.signal);
    const hls = new HlsClient(`${server.url}/livestream/${id}/stream.m3u8`);
    const follower = new PlaylistFollower(hls);
    await follower.part();
    return new Bystander(publisher, follower, sent, sending, stop);
  }

  /** Every frame that was published was seen, in its order and in time. */
  async expectUnharmed(): Promise<void> {
    this.stop.abort();
    await this.sending;
    await this.publisher.stop();
    await this.publisher.close();
    await this.follower.ended;
    const folder = await mkdtemp(join(tmpdir(), 'livedrop-bystander-'));
    try {
      const [path] = await this.follower.save(join(folder, 'seen'));
      const seen: Buffer[] = [];
      const reader = new FragmentReader({
        onTracks: () => {},
        onSample: ({ data }) => seen.push(Buffer.from(data)),
      });
      reader.push(await readFile(path!));
      const sent = this.sent.slice(0, this.publisher.sent);
      expect(seen).toHaveLength(sent.length);
      expect(seen.every((data, index) => data.equals(sent[index]!.chunk))).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
    // A picture is late where the machine is busy, and not much.
    expect(this.follower.longestGap).toBeLessThan(2500);
  }
}

async function dial(): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  open.push(socket);
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

const ended = (socket: Socket): Promise<unknown> =>
  new Promise((resolve) => (socket.closed ? resolve(undefined) : socket.once('close', resolve)));

/** A file's beginning, and so much of what follows, in large messages. */
async function flood(): Promise<{ header: Uint8Array; chunks: Uint8Array[] }> {
  const messages = (await numberedContainer()).messages();
  const header = new Uint8Array(messages.next().value!.bytes(true));
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < FLOOD) {
    const some = Array.from({ length: 200 }, () => Buffer.from(messages.next().value!.bytes(false)));
    chunks.push(Buffer.concat(some));
    size += chunks.at(-1)!.length;
  }
  return { header, chunks };
}

/** How often a limit refused something. */
async function refused(limit: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(
    new RegExp(`^livedrop_refused_total\\{limit="${limit}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0,
  );
}

describe('a live stream does not notice', () => {
  it('1000 connections that say nothing, half of them WebSockets, nor headers that come byte by byte', async () => {
    const sockets = await Promise.all(Array.from({ length: 500 }, dial));
    sockets.forEach((socket, index) => {
      socket.resume();
      if (index % 2 === 0) return;
      socket.write('GET /livestream/x/stream.m3u8 HTTP/1.1\r\nHost: x\r\nX-Slow: ');
      const drip = setInterval(() => socket.write('x'), 200);
      socket.once('close', () => clearInterval(drip));
    });
    const clients: SocketClient[] = [];
    for (let batch = 0; batch < 10; batch++) {
      const opened = Array.from({ length: 50 }, () => SocketClient.open(server.socketUrl));
      clients.push(...(await Promise.all(opened)));
    }
    // A viewer who comes in the middle of it is served.
    const viewer = await SocketClient.open(server.socketUrl);
    viewer.send({ type: 'join-stream', streamId: 'anything' });
    await viewer.next('stream-joined');
    await Promise.all([...sockets.map(ended), ...clients.map(({ closed }) => closed)]);
    await viewer.close();
    expect(await refused('headerTime')).toBe(500);
    expect((await refused('maxIdleConnections')) + (await refused('idleTime'))).toBe(500);
    await bystander.expectUnharmed();
  });

  it('messages without an end, of which next to nothing is kept', async () => {
    const CLIENTS = 50;
    const clients = await Promise.all(
      Array.from({ length: CLIENTS }, () => SocketClient.open(server.socketUrl)),
    );
    for (const client of clients) client.send({ type: 'join-stream', streamId: 'anything' });
    await Promise.all(clients.map((client) => client.next('stream-joined')));
    const { memory } = await server.observe();
    const piece = Buffer.alloc(256 * 1024);
    for (const { socket } of clients) for (let sent = 0; sent < 6; sent++) socket.send(piece, { fin: false });
    const codes = await Promise.all(clients.map(async ({ closed }) => (await closed).code));
    // The kernel may throw the answer away with what it was an answer to.
    expect(codes.filter((code) => code !== 1009 && code !== 1006)).toEqual([]);
    expect((await server.observe()).memory - memory).toBeLessThan(CLIENTS * 512 * 1024);
    expect(await refused('maxTextBytes')).toBe(CLIENTS);
    await bystander.expectUnharmed();
  });

  it('10,000 requests for streams that do not exist', async () => {
    const CONNECTIONS = 10;
    const EACH = 1000;
    /** On one connection at once: what is pipelined is answered in one go, before anybody else is. */
    const BATCH = 20;
    const answers = Array.from({ length: CONNECTIONS }, async (_, connection) => {
      const socket = await dial();
      let found = 0;
      let rest = '';
      let asked = 0;
      const ask = (): void => {
        for (const end = asked + BATCH; asked < end; asked++) {
          const path = `/livestream/none-${connection}-${asked}/stream.m3u8`;
          socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
        }
      };
      const done = new Promise<void>((resolve) =>
        socket.on('data', (bytes) => {
          const parts = (rest + bytes.toString('latin1')).split('HTTP/1.1 404');
          found += parts.length - 1;
          // The next may have begun.
          rest = parts.at(-1)!.slice(-16);
          if (found === EACH) resolve();
          else if (found === asked) ask();
        }),
      );
      ask();
      await done;
    });
    await Promise.all(answers);
    await bystander.expectUnharmed();
  });

  it('a WebSocket that asks and asks, and never reads an answer', async () => {
    const socket = await SocketClient.open(server.socketUrl);
    socket.send({ type: 'join-stream', streamId: 'anything' });
    await socket.next('stream-joined');
    const before = await refused('maxSocketBacklogBytes');
    socket.socket.pause();
    // Each is told at length that it publishes no such stream.
    const stop = JSON.stringify({ type: 'stop-stream', streamId: 'x'.repeat(64) });
    for (let count = 0; count < 60_000; count++) {
      socket.sendText(stop);
      // The bystander's publisher lives in this process, too.
      if (count % 200 === 0) await turn();
    }
    await expect.poll(() => refused('maxSocketBacklogBytes')).toBe(before + 1);
    socket.terminate();
    await bystander.expectUnharmed();
  });

  it('media that comes faster than its ffmpeg takes it: its publisher is not read from', async () => {
    const { header, chunks } = await flood();
    const publisher = await Publisher.start(server.socketUrl, 'flood');
    const client = publisher.socket.socket;
    publisher.send([header]);
    await expect.poll(async () => (await server.observe()).children.length).toBe(1);
    const { memory, children } = await server.observe();
    process.kill(children[0]!, 'SIGSTOP');
    let left = Infinity;
    try {
      publisher.send(chunks);
      // Less and less of it waits here, until the server takes no more.
      while (client.bufferedAmount < left) {
        left = client.bufferedAmount;
        await delay(500);
      }
      expect(left).toBeGreaterThan(1_000_000);
      expect((await server.observe()).memory - memory).toBeLessThan(MOST_GROWTH);
    } finally {
      process.kill(children[0]!, 'SIGCONT');
    }
    await expect.poll(() => client.bufferedAmount).toBeLessThan(left);
    expect(publisher.socket.all('error')).toEqual([]);
    publisher.socket.terminate();
    await bystander.expectUnharmed();
  });
});
