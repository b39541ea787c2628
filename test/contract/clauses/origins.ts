import { describe, expect, it } from 'vitest';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer, type Server } from '../server.js';

const KEY = 'a-stream-key';
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
