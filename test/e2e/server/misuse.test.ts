import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broadcast } from '../../helpers/broadcast.js';
import { noise } from '../../helpers/noise.js';
import { ObservedServer } from '../../helpers/observed-server.js';
import { Publisher } from '../../helpers/publisher.js';
import { encodeRecording, webmHeader, type RecordingRecipe } from '../../helpers/recorder.js';
import { SocketClient } from '../../helpers/socket-client.js';

const WEBM: RecordingRecipe = { container: 'webm', video: 'h264', audio: 'opus' };
const LIMITS = {
  silenceTime: 4,
  startTime: 6,
  transcoderStallTime: 6,
  maxMessageBytes: 100_000,
  maxMessageRate: 200,
  maxBitrate: 2_000_000,
};
const MAGIC = Buffer.from([0x1a, 0x45, 0xdf, 0xa3]);

let server: ObservedServer;
let bystander: Broadcast;
beforeAll(async () => {
  await encodeRecording(WEBM);
  server = await ObservedServer.start(LIMITS);
  bystander = await Broadcast.start(server, 'bystander', WEBM);
});
afterAll(() => server?.close());

const publish = (streamId: string): Promise<Publisher> => Publisher.start(server.socketUrl, streamId);

/** What the server says to a publisher before it closes the connection, and how it does. */
async function verdict({ socket }: Publisher): Promise<[string, number]> {
  const { code, fatal } = await socket.next('error');
  expect(fatal).toBe(true);
  return [code, (await socket.closed).code];
}

describe.concurrent('a publisher', () => {
  it('that never sends anything is disconnected', async () => {
    expect(await verdict(await publish('mum'))).toEqual(['NOT_STREAMING', 4408]);
  });

  it('that goes silent is disconnected and may resume', async () => {
    const publisher = await publish('silent');
    publisher.send([MAGIC]);
    expect(await verdict(publisher)).toEqual(['NOT_STREAMING', 4408]);
    expect((await publisher.resume()).received).toBe(1);
    await publisher.close();
  });

  it('that floods the server with messages is told so', async () => {
    const publisher = await publish('many');
    publisher.send([MAGIC, ...Array.from({ length: 5000 }, () => Buffer.alloc(1))]);
    expect(await verdict(publisher)).toEqual(['RATE_LIMITED', 1008]);
  });

  it('that floods the server with bytes is told so', async () => {
    const publisher = await publish('much');
    const chunk = noise(LIMITS.maxMessageBytes);
    publisher.send([await webmHeader(WEBM), ...Array.from({ length: 50 }, () => chunk)]);
    expect(await verdict(publisher)).toEqual(['RATE_LIMITED', 1008]);
  });

  it('that floods the server with commands is told so', async () => {
    const client = await SocketClient.open(server.socketUrl);
    for (let index = 0; index < 1000; index++)
      client.send({ type: 'join-stream', streamId: `s${index % 50}` });
    expect((await client.next('error')).code).toBe('RATE_LIMITED');
    expect((await client.closed).code).toBe(1008);
  });

  it('that goes from media to noise is told so', async () => {
    const publisher = await publish('turned');
    const file = await readFile(await encodeRecording(WEBM));
    publisher.send([file.subarray(0, LIMITS.maxMessageBytes)]);
    await publisher.socket.next('stream-status', ({ status }) => status === 'live');
    const timer = setInterval(() => publisher.send([noise(10_000)]), 100);
    const said = await verdict(publisher).finally(() => clearInterval(timer));
    expect(said).toEqual(['TRANSCODER_FAILED', 1008]);
  });

  it('that sends a message over the limit is told so', async () => {
    const publisher = await publish('large');
    publisher.send([noise(LIMITS.maxMessageBytes + 1)]);
    expect(await verdict(publisher)).toEqual(['TOO_LARGE', 1009]);
  });

  it('that sends a message far over the limit is cut off', async () => {
    const publisher = await publish('huge');
    publisher.send([noise(10 * LIMITS.maxMessageBytes)]);
    expect((await publisher.socket.closed).code).toBe(1009);
  });
});

it('none of which another stream notices', async () => {
  await bystander.segments(1);
  const { recorded, seen } = await bystander.stop();
  expect(seen).toEqual([recorded]);
  expect(bystander.follower.longestGap).toBeLessThan(1500);
  const { children } = await server.observe();
  expect(children).toEqual([]);
});
