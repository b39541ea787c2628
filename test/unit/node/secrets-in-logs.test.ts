import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { pino } from 'pino';
import { mintToken } from '../../../server/access/tokens.js';
import type { CreatedStreamKey } from '../../../server/index.js';
import { serve, type RunningServer } from '../../../server/node/serve.js';
import { generateFrames, messagesOf } from '../../helpers/frames.js';
import { generateMedia } from '../../helpers/media.js';
import { Publisher } from '../../helpers/publisher.js';
import { SocketClient } from '../../helpers/socket-client.js';
import { mint } from '../../helpers/tokens.js';

vi.setConfig({ testTimeout: 30_000 });

const ADMIN_KEY = 'the-admin-key-that-nobody-may-see';
const STREAM_KEY = 'the-stream-key-that-nobody-may-see';
const SECRET = 'the-token-secret-that-nobody-may-see-at-all';

let folder: string;
let server: RunningServer;
const lines: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livedrop-secrets-'));
  server = await serve({
    port: 0,
    dataDirectory: folder,
    adminKey: ADMIN_KEY,
    streamKeys: [STREAM_KEY],
    tokens: { secret: SECRET },
    playback: 'private',
    logger: pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }),
    limits: { maxCommandRate: 1000 },
  });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

it('no secret is in the log at its most talkative, in an answer, or in a URL', async () => {
  const answers: string[] = [];
  const socketUrl = `${server.url.replace('http', 'ws')}/livestream/ws`;
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(server.url + path, init);
    const text = await response.text();
    answers.push(JSON.stringify([...response.headers]));
    return { status: response.status, text };
  };
  const admin = (path: string, method: string, body?: object, key = ADMIN_KEY) =>
    ask(`/api${path}`, {
      method,
      headers: { Authorization: `Bearer ${key}` },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });

  const created = JSON.parse((await admin('/keys', 'POST', {})).text) as CreatedStreamKey;
  const rotated = JSON.parse(
    (await admin(`/keys/${created.id}/rotate`, 'POST', { overlap: 60 })).text,
  ) as CreatedStreamKey;
  answers.push((await admin('/keys', 'GET')).text);
  answers.push((await admin('/keys', 'POST', {}, `${ADMIN_KEY}x`)).text);
  answers.push((await admin('/keys', 'POST', { name: 1, streamIds: [STREAM_KEY] })).text);

  const publishToken = await mintToken({ streamId: 'token', scope: 'publish' }, created.streamKey);
  const playToken = await mint({ secret: SECRET, streamId: 'token' });
  const wrongToken = await mint({ secret: 'x'.repeat(40), streamId: 'token' });
  const staleToken = await mint({ secret: SECRET, streamId: 'token', expiresIn: -60 });
  const secrets = [ADMIN_KEY, STREAM_KEY, SECRET, publishToken, playToken, wrongToken, staleToken];
  secrets.push(created.streamKey, rotated.streamKey);

  const { format, frames } = await generateFrames({ video: 'h264', seconds: 3 });
  const clients: { close(): Promise<unknown> }[] = [];
  for (const token of [publishToken, STREAM_KEY, created.streamKey, rotated.streamKey]) {
    const streamId = token === publishToken ? 'token' : `s${clients.length}`;
    const publisher = await Publisher.start(socketUrl, streamId, { token, format, title: 'Title' });
    publisher.send(messagesOf(frames));
    await publisher.acknowledged();
    publisher.socket.terminate();
    await publisher.resume();
    secrets.push(publisher.started.resumeToken);
    expect(publisher.started.playbackUrl).toMatch(/\/stream\.m3u8$/);
    clients.push(publisher);
  }
  // ffmpeg's own words are in the log: it is given what it complains of.
  const { chunks } = await generateMedia({ container: 'webm', video: 'h264', audio: 'opus', seconds: 3 });
  const damaged = chunks.map((chunk, index) => (index % 4 === 3 ? new Uint8Array(chunk).fill(7, 64) : chunk));
  const recorder = await Publisher.start(socketUrl, 'recorded', { token: STREAM_KEY, title: 'Title' });
  recorder.send(damaged);
  secrets.push(recorder.started.resumeToken);
  clients.push(recorder);
  await vi.waitFor(
    () => expect(lines.some((line) => /ffmpeg/.test(line) && line.includes('recorded'))).toBe(true),
    {
      timeout: 15_000,
    },
  );
  // Everything that may be refused, and says so.
  for (const message of [
    { type: 'start-stream', streamId: 'x', token: wrongToken },
    { type: 'start-stream', streamId: 'x', token: playToken },
    { type: 'start-stream', streamId: 'x', token: staleToken },
    { type: 'start-stream', streamId: 'x', token: `${STREAM_KEY}x`, resume: { token: wrongToken } },
    { type: 'start-stream', streamId: STREAM_KEY.repeat(3), token: STREAM_KEY },
    { type: 'start-stream', streamId: 'x', token: [STREAM_KEY] },
    { type: 'start-stream', streamId: 'x', token: STREAM_KEY.repeat(1000) },
    { type: 'join-stream', streamId: 'token', token: wrongToken, renews: staleToken },
    { type: 'join-stream', streamId: 'token', token: playToken, renews: wrongToken },
  ]) {
    const client = await SocketClient.open(socketUrl);
    client.sendText(JSON.stringify(message));
    if (message.type === 'join-stream' && message.token === playToken) await client.next('stream-joined');
    else await client.next('error');
    // A stream id that is refused is told as it came: it is none of ours.
    if (!message.streamId.startsWith(STREAM_KEY))
      answers.push(...client.arrivals.map((each) => JSON.stringify(each)));
    clients.push(client);
  }
  for (const token of [wrongToken, staleToken, publishToken, `${STREAM_KEY}%00`]) {
    for (const path of [
      '/stream.m3u8',
      '/live.mp4',
      '',
      '/source/x.m3u8',
      `/source/${STREAM_KEY.slice(0, 3)}`,
    ]) {
      const { status, text } = await ask(`/livestream/token${path}?token=${token}`);
      expect(status).toBe(401);
      answers.push(text);
    }
  }
  expect((await ask(`/livestream/token/stream.m3u8?token=${playToken}`)).status).toBe(200);
  // What a killed server goes on with.
  const kept = async (): Promise<string> => {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
    return (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('\n');
  };
  await vi.waitFor(async () => expect(await kept()).toContain('"streamId":"s3"'), { timeout: 15_000 });
  const files = await kept();
  await admin(`/keys/${created.id}`, 'DELETE');
  await Promise.all(clients.map((client) => client.close()));

  const log = lines.join('');
  expect(log).toContain('a stream key was revoked');
  for (const secret of secrets) {
    expect(log).not.toContain(secret);
    expect(files).not.toContain(secret);
    expect(answers.join('\n')).not.toContain(secret);
  }
});
