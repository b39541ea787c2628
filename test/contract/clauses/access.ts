import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { generateMedia } from '../../helpers/media.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer } from '../server.js';

const KEYS = ['the-first-stream-key', 'the-second-stream-key'];

interface Claims {
  sub?: string;
  scope?: unknown;
  expiresIn?: number;
  key?: string;
  algorithm?: string;
}

function mint(streamId: string, { sub = streamId, scope = 'publish', expiresIn = 60, ...rest }: Claims = {}) {
  const { key = KEYS[1]!, algorithm = 'HS256' } = rest;
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: algorithm })
    .setSubject(sub)
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresIn)
    .sign(new TextEncoder().encode(key.padEnd(algorithm === 'HS256' ? 1 : 64, key)));
}

export function access(startHost: StartHost): void {
  describe.concurrent('authority', () => {
    const server = useServer(startHost, { streamKeys: KEYS, limits: { maxCommandRate: 1000 } });

    it.each(KEYS)('lets the holder of the key %s publish', async (token) => {
      await (await server().publish(newStreamId(), { token })).stop();
    });

    it('lets the holder of a publish token publish its stream', async () => {
      const streamId = newStreamId();
      const publisher = await server().publish(streamId, { token: await mint(streamId) });
      await publisher.stop();
    });

    const unsigned = (streamId: string) => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      return `${part({ alg: 'none' })}.${part({ sub: streamId, scope: 'publish', exp: 4e9 })}.`;
    };
    const refused: [string, (streamId: string) => string | undefined | Promise<string>][] = [
      ['no token', () => undefined],
      ['an empty token', () => ''],
      ['a wrong key', () => 'the-third-stream-key'],
      ['the beginning of a key', () => KEYS[0]!.slice(0, -1)],
      ['a token for another stream', (streamId) => mint(streamId, { sub: 'another-stream' })],
      ['a token of another scope', (streamId) => mint(streamId, { scope: 'watch' })],
      ['a token that has expired', (streamId) => mint(streamId, { expiresIn: -60 })],
      ['a token signed with another key', (streamId) => mint(streamId, { key: 'some-other-key' })],
      ['a token that is not signed', unsigned],
    ];
    it.each(refused)('refuses %s, and closes', async (_, makeToken) => {
      const streamId = newStreamId();
      const client = await server().connect();
      const token = await makeToken(streamId);
      client.send({ type: 'start-stream', streamId, token });
      const error = await client.next('error');
      expect(error).toMatchObject({ code: 'UNAUTHORIZED', streamId, fatal: true });
      expect(error.message).toContain('token');
      for (const key of KEYS) expect(error.message).not.toContain(key);
      expect((await client.closed).code).toBe(1008);
      expect((await server().fetch(`/livestream/${streamId}`)).status).toBe(404);
    });

    it('takes the resume token for authority, and no unknown one', async () => {
      const { chunks } = await generateMedia({ container: 'webm', video: 'h264', seconds: 1 });
      const publisher = await server().publish(newStreamId(), { token: KEYS[0]! });
      const { streamId } = publisher;
      publisher.send(chunks.slice(0, 2));
      await publisher.acknowledged();
      publisher.socket.terminate();
      const thief = await server().connect();
      thief.send({ type: 'start-stream', streamId, resume: { token: 'a-guess' } });
      expect(await thief.next('error')).toMatchObject({ code: 'UNAUTHORIZED', fatal: true });
      expect((await publisher.resume()).received).toBe(2);
      await publisher.stop();
    });

    it('lets anyone watch', async () => {
      const { chunks } = await generateMedia({ container: 'webm', video: 'h264', seconds: 1 });
      const publisher = await server().publish(newStreamId(), { token: KEYS[0]! });
      const viewer = await server().watch(publisher.streamId);
      publisher.send(chunks);
      await publisher.stop();
      await viewer.next('stream-status', ({ status }) => status === 'ended');
      expect((await server().hls(publisher.streamId).playlist()).ended).toBe(true);
    });
  });
}
