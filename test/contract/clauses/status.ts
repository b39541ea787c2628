import { describe, expect, it } from 'vitest';
import { generateMedia } from '../../helpers/media.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer, type Server } from '../server.js';
import { expectProblem } from './playlists.js';

interface StreamState {
  status: string;
  viewers: number;
  startedAt: string;
  title?: string;
  renditions: Record<string, unknown>[];
}

async function stateOf(server: Server, streamId: string): Promise<StreamState> {
  const response = await server.fetch(`/livestream/${streamId}`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(response.headers.get('cache-control')).toBe('no-store');
  return (await response.json()) as StreamState;
}

async function readMetrics(server: Server): Promise<Record<string, number>> {
  const response = await server.fetch('/metrics');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; *version=0\.0\.4/);
  const text = await response.text();
  const metrics: Record<string, number> = {};
  for (const line of text.trimEnd().split('\n')) {
    // The text exposition format: a comment of help or type, or a name and its value.
    expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[^}]*\})? [-+.\deE]+)$/);
    const [, name, value] = /^([a-z_]+) (\S+)$/.exec(line) ?? [];
    if (name) metrics[name] = Number(value);
  }
  return metrics;
}

export function status(startHost: StartHost): void {
  describe('status', () => {
    const server = useServer(startHost);

    it('tells a stream as JSON', async () => {
      const streamId = newStreamId();
      await expectProblem(await server().fetch(`/livestream/${streamId}`), 404);
      const before = Date.now();
      const publisher = await server().publish(streamId, { title: 'Grüße "quoted" </script>' });
      const waiting = await stateOf(server(), streamId);
      expect(waiting).toMatchObject({ status: 'waiting', viewers: 0, title: 'Grüße "quoted" </script>' });
      expect(waiting.renditions).toEqual([]);
      expect(Date.parse(waiting.startedAt)).toBeGreaterThanOrEqual(before - 1);
      expect(Date.parse(waiting.startedAt)).toBeLessThanOrEqual(Date.now() + 1);

      const viewer = await server().watch(streamId);
      publisher.send((await generateMedia({ container: 'webm', video: 'h264', audio: 'opus' })).chunks);
      await viewer.next('stream-status', ({ status: now }) => now === 'live');
      await publisher.acknowledged();
      const live = await stateOf(server(), streamId);
      expect(live).toMatchObject({ status: 'live', viewers: 1, startedAt: waiting.startedAt });
      expect(live.renditions).toHaveLength(1);
      expect(live.renditions[0]).toMatchObject({
        name: expect.any(String),
        codecs: [expect.stringMatching(/^avc1/), 'mp4a.40.2'],
        width: 320,
        height: 180,
        frameRate: expect.closeTo(30, 1),
      });
      expect(live.renditions[0]!['bandwidth']).toBeGreaterThan(10_000);

      publisher.socket.terminate();
      await viewer.next('stream-status', ({ status: now }) => now === 'reconnecting');
      expect((await stateOf(server(), streamId)).status).toBe('reconnecting');
      await publisher.resume();
      await publisher.stop();
      expect((await stateOf(server(), streamId)).status).toBe('ended');
    });

    it('says that it is alive and ready', async () => {
      for (const path of ['/healthz', '/readyz']) {
        const response = await server().fetch(path);
        expect(response.status).toBe(200);
        expect(await response.json()).toMatchObject({ status: expect.any(String) });
      }
    });

    it('measures itself for Prometheus', async () => {
      const before = await readMetrics(server());
      const publisher = await server().publish(newStreamId());
      await server().watch(publisher.streamId);
      const viewer = await server().watch(publisher.streamId);
      publisher.send((await generateMedia({ container: 'webm', video: 'h264', audio: 'opus' })).chunks);
      await viewer.next('stream-status', ({ status: now }) => now === 'live');
      const during = await readMetrics(server());
      expect(during['livedrop_streams']! - before['livedrop_streams']!).toBe(1);
      expect(during['livedrop_viewers']! - before['livedrop_viewers']!).toBe(2);
      expect(during['livedrop_connections']! - before['livedrop_connections']!).toBe(3);
      expect(during['livedrop_window_bytes']).toBeGreaterThan(before['livedrop_window_bytes']!);
      await publisher.stop();
      const after = await readMetrics(server());
      expect(after['livedrop_streams']).toBe(before['livedrop_streams']);
    });

    it('answers methods that it does not serve with a problem', async () => {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const response = await server().fetch('/livestream/some-stream', { method });
        expect([404, 405]).toContain(response.status);
      }
    });
  });
}
