import { describe, expect, it } from 'vitest';
import { generateFrames, messagesOf } from '../../helpers/frames.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer, type Server } from '../server.js';

const KEY = 'a-stream-key';
const ADMIN_KEY = 'an-admin-key-of-some-length';
const TRACKS = [{ id: 0, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 } as const];

/** Whether a page of an origin may publish. */
async function publishesFrom(
  server: Server,
  headers: Record<string, string>,
  token?: string,
): Promise<boolean> {
  const client = await server.connect(headers);
  const streamId = newStreamId('origin');
  client.send({
    type: 'start-stream',
    streamId,
    ...(token ? { token } : {}),
    format: { kind: 'frames', tracks: TRACKS },
  });
  const answer = await Promise.race([client.next('stream-started'), client.next('error')]);
  if (answer.type === 'error') expect(answer).toMatchObject({ code: 'UNAUTHORIZED', fatal: true });
  if (answer.type === 'error') expect(answer.message).toContain('publishOrigins');
  // The other one is not waited for any more.
  return answer.type === 'stream-started';
}

export function origins(startHost: StartHost): void {
  describe('publishing without a key', () => {
    const server = useServer(startHost, { transcoder: false });
    const own = () => new URL(server().url);

    const taken: [string, () => Record<string, string>][] = [
      ['a program, which tells no origin', () => ({})],
      ['the server’s own page', () => ({ Origin: own().origin })],
      ['another page of this machine', () => ({ Origin: 'http://localhost:5173' })],
    ];
    it.each(taken)('takes %s', async (_, headers) => {
      expect(await publishesFrom(server(), headers())).toBe(true);
    });

    const refused: [string, () => Record<string, string>][] = [
      ['a page from anywhere', () => ({ Origin: 'https://evil.example' })],
      ['one whose name begins like this machine', () => ({ Origin: 'http://localhost.evil.example' })],
      ['one whose name begins like an address', () => ({ Origin: 'http://127.0.0.1.evil.example' })],
      ['a page without an origin', () => ({ Origin: 'null' })],
      ['what is no origin', () => ({ Origin: 'x' })],
      [
        'a page whose name was pointed at this machine',
        () => ({ Origin: `http://evil.example:${own().port}`, Host: `evil.example:${own().port}` }),
      ],
    ];
    it.each(refused)('refuses %s', async (_, headers) => {
      expect(await publishesFrom(server(), headers())).toBe(false);
    });

    it('lets any page watch', async () => {
      const viewer = await server().connect({ Origin: 'https://blog.example' });
      viewer.send({ type: 'join-stream', streamId: 'any' });
      await viewer.next('stream-joined');
    });
  });

  describe('publishing with a key', () => {
    const server = useServer(startHost, { streamKeys: [KEY], transcoder: false });

    it('is for pages from anywhere that have it', async () => {
      expect(await publishesFrom(server(), { Origin: 'https://studio.example' }, KEY)).toBe(true);
    });
  });

  describe('a list of origins of a key', () => {
    const server = useServer(startHost, { adminKey: ADMIN_KEY, transcoder: false });

    it('says which pages may play what it publishes, and nothing of other streams', async () => {
      const publish = async (fields: object): Promise<string> => {
        const created = await server().fetch('/api/keys', {
          method: 'POST',
          headers: { Authorization: `Bearer ${ADMIN_KEY}` },
          body: JSON.stringify(fields),
        });
        expect(created.status).toBe(201);
        const { streamKey } = (await created.json()) as { streamKey: string };
        const { format, frames } = await generateFrames({ video: 'h264', seconds: 3 });
        const publisher = await server().publish(newStreamId(), { token: streamKey, format });
        publisher.send(messagesOf(frames));
        await publisher.acknowledged();
        return publisher.streamId;
      };
      const bound = await publish({ playbackOrigins: ['https://blog.example'] });
      const free = await publish({});
      const playlist = `${server().url}/livestream/${bound}/stream.m3u8`;
      const [uri] = (await (await fetch(playlist)).text()).split('\n').filter((line) => /^[^#]/.test(line));
      const from = async (url: string | URL, Origin?: string) => {
        const { status, headers } = await fetch(url, Origin ? { headers: { Origin } } : {});
        return [status, headers.get('access-control-allow-origin')];
      };
      for (const url of [
        playlist,
        new URL(uri!, playlist),
        new URL('live.mp4', playlist),
        new URL('.', playlist),
      ]) {
        const path = String(url).replace(/\/$/, '');
        expect(await from(path, 'https://evil.example'), path).toEqual([403, 'https://blog.example']);
        expect(await from(path, 'https://blog.example'), path).toEqual([200, 'https://blog.example']);
        expect(await from(path), path).toEqual([200, null]);
      }
      const other = playlist.replace(bound, free);
      expect(await from(other, 'https://evil.example')).toEqual([200, '*']);
    });

    it('has only what browsers send', async () => {
      const response = await server().fetch('/api/keys', {
        method: 'POST',
        headers: { Authorization: `Bearer ${ADMIN_KEY}` },
        body: JSON.stringify({ playbackOrigins: ["https://a; script-src 'unsafe-inline'"] }),
      });
      expect(response.status).toBe(400);
    });
  });

  describe('a list of origins', () => {
    const server = useServer(startHost, {
      streamKeys: [KEY],
      publishOrigins: ['https://studio.example'],
      playbackOrigins: ['https://blog.example'],
      transcoder: false,
    });

    it('says which pages may publish', async () => {
      expect(await publishesFrom(server(), { Origin: 'https://studio.example' }, KEY)).toBe(true);
      expect(await publishesFrom(server(), { Origin: new URL(server().url).origin }, KEY)).toBe(true);
      expect(await publishesFrom(server(), {}, KEY)).toBe(true);
      expect(await publishesFrom(server(), { Origin: 'https://studio.example.evil' }, KEY)).toBe(false);
      expect(await publishesFrom(server(), { Origin: 'http://localhost:5173' }, KEY)).toBe(false);
    });

    it('says which pages may play', async () => {
      const from = (origin?: string) =>
        server().fetch('/livestream/none/stream.m3u8', origin ? { headers: { Origin: origin } } : {});
      const allowed = await from('https://blog.example');
      expect(allowed.status).toBe(404);
      expect(allowed.headers.get('access-control-allow-origin')).toBe('https://blog.example');
      expect(allowed.headers.get('vary')).toContain('Origin');
      const refused = await from('https://evil.example');
      expect(refused.status).toBe(403);
      expect(refused.headers.get('access-control-allow-origin')).toBe('https://blog.example');
      const none = await from();
      expect(none.status).toBe(404);
      expect(none.headers.get('access-control-allow-origin')).toBeNull();
    });
  });
}
