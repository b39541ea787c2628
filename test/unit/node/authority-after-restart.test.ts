import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { StreamKeys, type TranscoderFactory } from '../../../server/index.js';
import { keyFile } from '../../../server/node/key-file.js';
import { serve, type RunningServer } from '../../../server/node/serve.js';
import { generateFrames, messagesOf, type Frames } from '../../helpers/frames.js';
import { Publisher } from '../../helpers/publisher.js';
import { SocketClient } from '../../helpers/socket-client.js';

vi.setConfig({ testTimeout: 30_000 });

/** Never asked for: no test here sends a container. */
const transcoder: TranscoderFactory = {
  start() {
    throw new Error('no container was expected');
  },
};

let folder: string;
let server: RunningServer;
let media: Frames;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livedrop-restart-'));
  media = await generateFrames({ video: 'h264', seconds: 3 });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** The next process on the same folder, as far as anybody can tell. */
async function start(): Promise<void> {
  server = await serve({ port: 0, transcoder, dataDirectory: folder });
}

const socketUrl = () => `${server.url.replace('http', 'ws')}/livestream/ws`;

/** A private stream of a key, on a server that stops when it is under way. */
async function publishAndStop(): Promise<{ id: string; resume: { token: string; from: number } }> {
  const { id, streamKey } = await new StreamKeys(keyFile(folder)).create({ playback: 'private' });
  await start();
  const { format, frames } = media;
  const publisher = await Publisher.start(socketUrl(), 'show', { token: streamKey, format });
  publisher.send(messagesOf(frames));
  await publisher.acknowledged();
  await server.close();
  return { id, resume: { token: publisher.started.resumeToken, from: publisher.sent } };
}

async function resume(request: { token: string; from: number }) {
  const client = await SocketClient.open(socketUrl());
  client.send({ type: 'start-stream', streamId: 'show', format: media.format, resume: request });
  const answer = await Promise.race([client.next('stream-started'), client.next('error')]);
  return { client, answer };
}

it('a stream is private, and its key counts, after a restart as before', async () => {
  const { id, resume: request } = await publishAndStop();
  await start();
  expect((await fetch(`${server.url}/livestream/show`)).status).toBe(401);
  const { client, answer } = await resume(request);
  expect(answer).toMatchObject({ type: 'stream-started', resumeToken: request.token });
  expect((await fetch(`${server.url}/livestream/show`)).status).toBe(401);
  await new StreamKeys(keyFile(folder)).revoke(id);
  expect((await client.closed).code).toBe(1008);
  expect(client.all('error')).toMatchObject([{ code: 'UNAUTHORIZED', fatal: true }]);
});

it('a stream whose key was revoked meanwhile does not go on', async () => {
  const { id, resume: request } = await publishAndStop();
  await new StreamKeys(keyFile(folder)).revoke(id);
  await start();
  const { client, answer } = await resume(request);
  expect(answer).toMatchObject({ type: 'error', code: 'UNAUTHORIZED', fatal: true });
  await client.close();
});

it('a stream goes on while its keys cannot be read, and nobody new begins', async () => {
  const { streamKey: token } = await new StreamKeys(keyFile(folder)).create();
  await start();
  const { format, frames } = media;
  const publisher = await Publisher.start(socketUrl(), 'show', { token, format });
  publisher.send(messagesOf(frames.slice(0, 40)));
  await publisher.acknowledged();
  await writeFile(join(folder, 'stream-keys.json'), 'half of what was th');
  publisher.socket.terminate();
  const request = { token: publisher.started.resumeToken, from: publisher.sent };
  const { client, answer } = await resume(request);
  expect(answer).toMatchObject({ type: 'stream-started', received: publisher.sent });
  const other = await SocketClient.open(socketUrl());
  other.send({ type: 'start-stream', streamId: 'other', token, format });
  expect(await other.next('error')).toMatchObject({ code: 'UNAUTHORIZED', fatal: true, retryAfter: 5 });
  expect((await other.closed).code).toBe(1013);
  await client.close();
});
