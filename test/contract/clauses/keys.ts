import { describe, expect, it } from 'vitest';
import { mintToken } from '../../../server/access/tokens.js';
import { generateFrames, messagesOf } from '../../helpers/frames.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer, type Server } from '../server.js';
import { expectProblem } from './playlists.js';

const ADMIN_KEY = 'an-admin-key-of-some-length';

interface Key {
  id: string;
  streamKey: string;
}

function ask(server: Server, path: string, method = 'GET', body?: object | string, key = ADMIN_KEY) {
  return server.fetch(`/api${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

async function createKey(server: Server, fields: object = {}): Promise<Key> {
  const response = await ask(server, '/keys', 'POST', fields);
  expect(response.status).toBe(201);
  return (await response.json()) as Key;
}

async function refusal(server: Server, streamId: string, token: string): Promise<string> {
  const client = await server.connect();
  client.send({ type: 'start-stream', streamId, token });
  const { code, message, fatal } = await client.next('error');
  expect({ code, fatal }).toEqual({ code: 'UNAUTHORIZED', fatal: true });
  expect(message).not.toContain(token);
  return message;
}

/** A stream under way, published with a token. */
async function publish(server: Server, token: string, streamId = newStreamId('keyed')) {
  const { format, frames } = await generateFrames({ video: 'h264', audio: 'opus', seconds: 3 });
  const publisher = await server.publish(streamId, { token, format });
  publisher.send(messagesOf(frames));
  await publisher.acknowledged();
  return publisher;
}

export function keys(startHost: StartHost): void {
  describe('stream keys', () => {
    const server = useServer(startHost, {
      adminKey: ADMIN_KEY,
      transcoder: false,
      limits: { maxCommandRate: 1000, maxApiFailures: 1000 },
    });

    it('are made, listed without themselves, and taken', async () => {
      const { id, streamKey } = await createKey(server(), { name: 'Kitchen' });
      expect(streamKey).toMatch(new RegExp(`^ldk_${id}_[0-9a-f]{48}$`));
      await (await publish(server(), streamKey)).stop();
      const response = await ask(server(), '/keys');
      expect(response.headers.get('cache-control')).toBe('no-store');
      const text = await response.text();
      expect(text).toContain('"Kitchen"');
      expect(text).not.toContain(streamKey);
      expect(text).not.toContain('hash');
      expect(await refusal(server(), newStreamId(), `${streamKey.slice(0, -1)}x`)).toContain('no stream key');
    });

    it('may be for some streams alone, and so are the tokens made of them', async () => {
      const mine = newStreamId('mine');
      const { streamKey } = await createKey(server(), { streamIds: [mine] });
      expect(await refusal(server(), 'yours', streamKey)).toContain("not for the stream 'yours'");
      const foreign = await mintToken({ streamId: 'yours', scope: 'publish' }, streamKey);
      expect(await refusal(server(), 'yours', foreign)).toContain("not for the stream 'yours'");
      const byApi = await ask(
        server(),
        '/tokens',
        'POST',
        { streamId: 'yours', scope: 'publish' },
        streamKey,
      );
      await expectProblem(byApi, 403, 'yours');
      const token = await mintToken({ streamId: mine, scope: 'publish' }, streamKey);
      await (await publish(server(), token, mine)).stop();
    });

    it('make what they publish private', async () => {
      const { streamKey } = await createKey(server(), { playback: 'private' });
      const { streamId } = await publish(server(), streamKey);
      await expectProblem(await server().fetch(`/livestream/${streamId}/stream.m3u8`), 401, 'private');
      const made = await ask(server(), '/tokens', 'POST', { streamId, scope: 'play' }, streamKey);
      const { token } = (await made.json()) as { token: string };
      expect((await server().fetch(`/livestream/${streamId}/stream.m3u8?token=${token}`)).status).toBe(200);
      const own = await mintToken({ streamId, scope: 'play' }, streamKey);
      expect((await server().fetch(`/livestream/${streamId}/stream.m3u8?token=${own}`)).status).toBe(200);
    });

    const ways: [string, (key: string, streamId: string) => Promise<string>][] = [
      ['itself', (key) => Promise.resolve(key)],
      ['a token signed with it', (key, streamId) => mintToken({ streamId, scope: 'publish' }, key)],
      [
        'a token that the server made for it',
        async (key, streamId) => {
          const made = await ask(server(), '/tokens', 'POST', { streamId, scope: 'publish' }, key);
          return ((await made.json()) as { token: string }).token;
        },
      ],
    ];
    it.each(ways)('end what was started with %s when they are revoked, for good', async (_, present) => {
      const { id, streamKey } = await createKey(server());
      const streamId = newStreamId('revoked');
      const token = await present(streamKey, streamId);
      const publisher = await publish(server(), token, streamId);
      const { socket } = publisher;
      expect((await ask(server(), `/keys/${id}`, 'DELETE')).status).toBe(204);
      expect(await socket.next('error')).toMatchObject({ code: 'UNAUTHORIZED', streamId, fatal: true });
      expect(await socket.next('stream-stopped')).toMatchObject({ reason: 'failed' });
      expect((await socket.closed).code).toBe(1008);
      await expect(publisher.resume()).rejects.toThrow('UNAUTHORIZED');
      await refusal(server(), streamId, token);
      await expectProblem(await ask(server(), `/keys/${id}`, 'DELETE'), 404, id);
    });

    it('end a stream that waits for its publisher too', async () => {
      const { id, streamKey } = await createKey(server());
      const publisher = await publish(server(), streamKey);
      const viewer = await server().watch(publisher.streamId);
      publisher.socket.terminate();
      await viewer.next('stream-status', ({ status }) => status === 'reconnecting');
      await ask(server(), `/keys/${id}`, 'DELETE');
      await viewer.next('stream-status', ({ status }) => status === 'ended');
      await expect(publisher.resume()).rejects.toThrow('UNAUTHORIZED');
    });

    it('are cut at once by a rotation, or go on for an overlap', async () => {
      const { id, streamKey: first } = await createKey(server());
      const publisher = await publish(server(), first);
      const rotate = async (body?: object) =>
        (await (await ask(server(), `/keys/${id}/rotate`, 'POST', body)).json()) as Key;
      const { streamKey: second } = await rotate({ overlap: 3600 });
      // Still taken, and what it publishes is not touched.
      await (await publish(server(), first)).stop();
      await (await publish(server(), second)).stop();
      await publisher.socket.roundTrip();
      const other = await publish(server(), second);
      const { streamKey: third } = await rotate();
      for (const { socket } of [publisher, other]) {
        expect(await socket.next('error')).toMatchObject({ code: 'UNAUTHORIZED' });
      }
      for (const cut of [first, second]) await refusal(server(), newStreamId(), cut);
      await (await publish(server(), third)).stop();
    });

    it('of before end with the overlap', async () => {
      const { id, streamKey } = await createKey(server());
      const publisher = await publish(server(), streamKey);
      await ask(server(), `/keys/${id}/rotate`, 'POST', { overlap: 0.5 });
      expect(await publisher.socket.next('error')).toMatchObject({ code: 'UNAUTHORIZED', fatal: true });
      await refusal(server(), newStreamId(), streamKey);
    });

    it.each([
      ['{', 'JSON'],
      ['[]', 'a list'],
      [{ streamIds: ['../x'] }, 'streamIds'],
      [{ playback: 'public' }, 'playback'],
      [{ name: 'a\nb' }, 'name'],
      [{ name: 'x'.repeat(101) }, 'name'],
    ])('cannot be made of %j', async (body, about) => {
      await expectProblem(await ask(server(), '/keys', 'POST', body), 400, about);
    });

    it.each([
      ['/keys', { streams: ['mine'] }, 'streams'],
      ['/keys', { private: true }, 'private'],
      ['/keys/ID/rotate', { Overlap: 60 }, 'Overlap'],
      ['/tokens', { streamId: 'mine', scope: 'play', expires: 60 }, 'expires'],
    ])('are not made, nor tokens, of what %s does not know: %j', async (path, body, field) => {
      const { id } = await createKey(server());
      const count = async () => ((await (await ask(server(), '/keys')).json()) as { keys: [] }).keys.length;
      const before = await count();
      const response = await ask(server(), path.replace('ID', id), 'POST', body);
      await expectProblem(response, 400, `'${field}' is no field of this`);
      expect(await count()).toBe(before);
    });

    it('are not made by a body that means to change what all objects have', async () => {
      const body = '{"__proto__":{"playback":"private"},"constructor":{"x":1}}';
      await expectProblem(await ask(server(), '/keys', 'POST', body), 400, "'__proto__' is no field");
      const { streamKey } = await createKey(server());
      const { streamId } = await publish(server(), streamKey);
      expect((await server().fetch(`/livestream/${streamId}/stream.m3u8`)).status).toBe(200);
    });

    it.each(['/keys/..%2fx', '/keys/%00', '/keys/000000000000', '/keys/0000000000000', '/keys/__proto__'])(
      'knows no %s',
      async (path) => {
        await expectProblem(await ask(server(), path, 'DELETE'), 404);
      },
    );

    it('are for whoever has the admin key', async () => {
      const { streamKey } = await createKey(server());
      for (const key of ['', 'wrong', `${ADMIN_KEY}x`, ADMIN_KEY.slice(0, -1), streamKey]) {
        for (const [path, method] of [
          ['/keys', 'GET'],
          ['/keys', 'POST'],
          ['/keys/000000000000', 'DELETE'],
          ['/keys/000000000000/rotate', 'POST'],
        ]) {
          await expectProblem(await ask(server(), path!, method, undefined, key), 401, 'Bearer');
        }
      }
    });
  });

  describe('the API for keys', () => {
    const server = useServer(startHost, {
      adminKey: ADMIN_KEY,
      transcoder: false,
      limits: { maxApiFailures: 3, maxApiBodyBytes: 1024 },
    });

    it('says when to come back after too many wrong keys, and lets the right one in all the same', async () => {
      const attempt = () => ask(server(), '/keys', 'GET', undefined, 'wrong');
      for (let failures = 0; failures < 3; failures++) expect((await attempt()).status).toBe(401);
      const response = await attempt();
      expect(response.headers.get('retry-after')).toBe('60');
      await expectProblem(response, 429);
      expect((await ask(server(), '/keys')).status).toBe(200);
      expect((await server().limits()).refused).toMatchObject({ maxApiFailures: 1 });
    });

    it('takes no more than a few fields, and of those who may alone', async () => {
      const body = { name: 'x'.repeat(2000) };
      await expectProblem(await ask(server(), '/keys', 'POST', body), 413);
      await expectProblem(await ask(server(), '/tokens', 'POST', body), 413);
      await expectProblem(await ask(server(), '/tokens', 'POST', body, 'wrong'), 429);
      expect((await server().limits()).refused).toMatchObject({ maxApiBodyBytes: 2 });
    });
  });
}
