import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generateMedia, type Media } from '../../helpers/media.js';
import { ObservedServer } from '../../helpers/observed-server.js';
import { Publisher } from '../../helpers/publisher.js';
import { SocketClient } from '../../helpers/socket-client.js';

const WARM_UP = 10;
const CYCLES = 20;

let server: ObservedServer;
let media: Media;
beforeAll(async () => {
  const limits = { endedTime: 1, graceTime: 0.2 };
  const recipe = { container: 'webm', video: 'h264', audio: 'opus', seconds: 4 } as const;
  [server, media] = await Promise.all([ObservedServer.start(limits), generateMedia(recipe)]);
});
afterAll(() => server?.close());

/** On a connection of its own, so that none is kept alive. */
function fetchText(path: string, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(server.url + path, { agent: false, signal }, (response) => {
      text(response).then(resolve, reject);
    });
    request.on('error', reject);
  });
}

/** One stream from its start to its end, of which there are several kinds, with viewers who come and go. */
async function cycle(index: number): Promise<void> {
  const streamId = `cycle-${index}`;
  const viewer = await SocketClient.open(server.socketUrl);
  viewer.send({ type: 'join-stream', streamId });
  const publisher = await Publisher.start(server.socketUrl, streamId);
  publisher.send(media.chunks);
  await viewer.next('stream-status', ({ status }) => status === 'live');
  const multivariant = await fetchText(`/livestream/${streamId}/stream.m3u8`);
  const uri = multivariant.split('\n').find((line) => line.endsWith('.m3u8'))!;
  const impatient = new AbortController();
  const waiting = fetchText(`/livestream/${streamId}/${uri}?_HLS_msn=4`, impatient.signal).catch(() => {});

  if (index % 4 === 0) publisher.socket.terminate();
  else if (index % 4 === 1) await publisher.close();
  else await publisher.stop();
  if (index % 3 === 0) viewer.terminate();
  else await viewer.next('stream-status', ({ status }) => status === 'ended');
  impatient.abort();
  await waiting;
  await Promise.all([publisher.close(), viewer.close()]);
}

async function gauges(): Promise<Record<string, number>> {
  // Those without a label: what is used of the limits is the same once more.
  const lines = (await fetchText('/metrics')).split('\n').filter((line) => /^[a-z_]+ /.test(line));
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])]));
}

/** Waits until nothing of the streams is there any more, their windows included. */
async function allForgotten(): Promise<void> {
  await expect.poll(gauges, { timeout: 5000, interval: 100 }).toEqual({
    livedrop_streams: 0,
    livedrop_viewers: 0,
    livedrop_live_viewers: 0,
    livedrop_connections: 0,
    livedrop_window_bytes: 0,
  });
}

it('leaves no process, socket, timer, file or memory behind after many streams', async () => {
  for (let index = 0; index < WARM_UP; index++) await cycle(index);
  expect((await gauges())['livedrop_window_bytes']).toBeGreaterThan(100_000);
  await allForgotten();
  const before = await server.observe();
  expect(before.children).toEqual([]);
  expect(before.files).toEqual([]);

  for (let index = 0; index < CYCLES; index++) await cycle(WARM_UP + index);
  await allForgotten();
  const { memory, ...left } = await server.observe();
  expect({ ...left, memory: 0 }).toEqual({ ...before, memory: 0 });
  expect(memory).toBeLessThan(before.memory * 1.1);
});

it('ends by itself once it is closed', async () => {
  const publisher = await Publisher.start(server.socketUrl, 'last');
  publisher.send(media.chunks);
  await publisher.acknowledged();
  expect(await server.close()).toBe(0);
  expect((await publisher.socket.next('stream-stopped')).reason).toBe('shutdown');
});
