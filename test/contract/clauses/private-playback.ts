import { describe, expect, it } from 'vitest';
import type { StartStreamMessage } from '../../../server/protocol.js';
import { generateFrames, messagesOf, moveFrame } from '../../helpers/frames.js';
import { LiveMp4Client } from '../../helpers/live-mp4-client.js';
import type { Publisher } from '../../helpers/publisher.js';
import { mint } from '../../helpers/tokens.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer, type Server } from '../server.js';
import { expectProblem } from './playlists.js';

const SECRET = 'a-shared-secret-of-more-than-32-characters';
const recipe = { video: 'h264', audio: 'opus', seconds: 3 } as const;

/** A stream with three seconds of media, under way. */
async function publish(server: Server, fields: Partial<StartStreamMessage> = {}): Promise<Publisher> {
  const { format, frames } = await generateFrames(recipe);
  const streamId = newStreamId('private');
  const token = await mint({ secret: SECRET, streamId, scope: 'publish' });
  const publisher = await server.publish(streamId, { format, token, ...fields });
  publisher.send(messagesOf(frames));
  await publisher.acknowledged();
  return publisher;
}

const play = (streamId: string, expiresIn = 60, id = '') => mint({ secret: SECRET, streamId, expiresIn, id });

/** Every URI in a playlist. */
const urisIn = (playlist: string): string[] =>
  playlist.split('\n').flatMap((line) => {
    const uri = line.startsWith('#') ? /URI="([^"]*)"/.exec(line)?.[1] : line;
    return uri ? [uri] : [];
  });

/** Follows a stream's playlists from the first on, and tells every URL in them. */
async function crawl(server: Server, streamId: string, query: string): Promise<{ url: URL; text: string }[]> {
  const first = new URL(`${server.url}/livestream/${streamId}/stream.m3u8${query}`);
  const answers = [];
  for (const url of [first]) {
    const response = await fetch(url);
    expect(response.status, url.pathname).toBe(200);
    expect(response.headers.get('cache-control')).toMatch(/^private/);
    const text = await response.text();
    answers.push({ url, text });
    for (const uri of urisIn(text).filter((each) => each.includes('.m3u8'))) {
      const media = new URL(uri, url);
      answers.push({ url: media, text: await (await fetch(media)).text() });
    }
  }
  return answers;
}

export function privatePlayback(startHost: StartHost): void {
  describe('private playback', () => {
    const server = useServer(startHost, {
      tokens: { secret: SECRET },
      playback: 'private',
      transcoder: false,
      limits: { maxCommandRate: 1000 },
    });

    it('carries a token into every URI, and answers none without', async () => {
      const { streamId } = await publish(server());
      const token = await play(streamId);
      const playlists = await crawl(server(), streamId, `?token=${token}`);
      expect(playlists).toHaveLength(2);
      const uris = playlists.flatMap(({ url, text }) => urisIn(text).map((uri) => new URL(uri, url)));
      const kinds = uris.map(({ pathname }) => /-([isp])\d+\.|(m3u8)$/.exec(pathname)?.slice(1).join(''));
      expect(new Set(kinds)).toEqual(new Set(['m3u8', 'i', 's', 'p']));
      for (const url of uris) expect(url.searchParams.getAll('token'), url.pathname).toEqual([token]);

      // The last one is the hint, which is not there yet.
      const there = uris.slice(0, -1);
      for (const url of [...there, new URL(`${server().url}/livestream/${streamId}?token=${token}`)]) {
        const response = await fetch(url);
        expect(response.status, url.pathname).toBe(200);
        await response.arrayBuffer();
        if (url.pathname.endsWith('.m4s')) {
          expect(response.headers.get('cache-control')).toBe('private, max-age=300');
        }
      }
      const live = await server().fetch(`/livestream/${streamId}/live.mp4?token=${token}`);
      expect(live.status).toBe(200);
      await live.body?.cancel();

      const paths = ['', '/stream.m3u8', '/live.mp4'].map(
        (path) => `${server().url}/livestream/${streamId}${path}`,
      );
      for (const url of [...uris.map(({ origin, pathname }) => origin + pathname), ...paths]) {
        const response = await fetch(url);
        expect(response.headers.get('www-authenticate'), url).toBe('Bearer');
        await expectProblem(response, 401, 'private');
      }
    });

    const wrong: [string, (streamId: string) => Promise<string> | string][] = [
      ['for another stream', () => play('another-stream')],
      ['to publish', (streamId) => mint({ secret: SECRET, streamId, scope: 'publish' })],
      ['that has expired', (streamId) => play(streamId, -60)],
      ['that another secret signed', (streamId) => mint({ secret: 'x'.repeat(40), streamId })],
      ['that is none', () => 'abc'],
      ['with a line of its own', (streamId) => `${streamId}%0d%0aX-Injected:%20yes`],
    ];
    it.each(wrong)('refuses a token %s', async (_, make) => {
      const { streamId } = await publish(server());
      const token = await make(streamId);
      for (const path of ['/stream.m3u8', '/live.mp4', '']) {
        const response = await server().fetch(`/livestream/${streamId}${path}?token=${token}`);
        expect(response.headers.get('x-injected')).toBeNull();
        await expectProblem(response, 401, 'token');
      }
      const viewer = await server().connect();
      viewer.send({ type: 'join-stream', streamId, token });
      expect(await viewer.next('error')).toMatchObject({ code: 'UNAUTHORIZED', streamId, fatal: false });
    });

    it('lets a viewer join with a token, who may have been refused without', async () => {
      const { streamId } = await publish(server());
      const viewer = await server().connect();
      viewer.send({ type: 'join-stream', streamId });
      expect(await viewer.next('error')).toMatchObject({ code: 'UNAUTHORIZED', fatal: false });
      viewer.send({ type: 'join-stream', streamId, token: await play(streamId) });
      expect(await viewer.next('stream-joined')).toMatchObject({ streamId, status: 'live', viewers: 1 });
    });

    it('ends with the token, and with a renewed one does not', async () => {
      const publisher = await publish(server());
      const { streamId } = publisher;
      // Good for two or three seconds more.
      const [left, kept] = await Promise.all([play(streamId, -3, 'left'), play(streamId, -3, 'kept')]);
      const path = (token: string) => `/livestream/${streamId}/live.mp4?token=${token}`;
      const [ends, goesOn] = await Promise.all([server().fetch(path(left)), server().fetch(path(kept))]);
      const client = new LiveMp4Client(goesOn);
      const viewer = await server().connect();
      viewer.send({ type: 'join-stream', streamId, token: await play(streamId), renews: kept });
      await viewer.next('stream-joined');
      expect((await ends.arrayBuffer()).byteLength).toBeGreaterThan(0);

      await expectProblem(await server().fetch(path(left)), 401, 'expired');
      const playlist = await server().fetch(`/livestream/${streamId}/stream.m3u8?token=${kept}`);
      expect(playlist.status).toBe(200);
      const { frames, seconds } = await generateFrames(recipe);
      const before = (await client.until(({ fragments }) => fragments.length > 0)).fragments.length;
      publisher.send(messagesOf(frames.map((frame) => moveFrame(frame, seconds * 1e6))));
      await client.until(({ fragments }) => fragments.length > before);
      await client.leave();
    });

    it.each([
      ['of another stream', () => play('another-stream', -60)],
      [
        'that nobody signed',
        (streamId: string) => mint({ secret: 'y'.repeat(40), streamId, expiresIn: -60 }),
      ],
      [
        'to publish',
        (streamId: string) => mint({ secret: SECRET, streamId, scope: 'publish', expiresIn: -60 }),
      ],
    ])('renews no token %s', async (_, make) => {
      const { streamId } = await publish(server());
      const renews = await make(streamId);
      const viewer = await server().connect();
      viewer.send({ type: 'join-stream', streamId, token: await play(streamId), renews });
      await viewer.next('stream-joined');
      const path = `/livestream/${streamId}/stream.m3u8?token=${renews}`;
      expect((await server().fetch(path)).status).toBe(401);
    });
  });

  describe('a stream that is private by itself', () => {
    const server = useServer(startHost, { tokens: { secret: SECRET }, transcoder: false });

    it('asks its viewers, and the one beside it does not', async () => {
      const [secret, open] = await Promise.all([
        publish(server(), { playback: 'private' }),
        publish(server()),
      ]);
      const status = async ({ streamId }: Publisher, query = '') =>
        (await server().fetch(`/livestream/${streamId}/stream.m3u8${query}`)).status;
      expect(await status(secret)).toBe(401);
      expect(await status(secret, `?token=${await play(secret.streamId)}`)).toBe(200);
      expect(await status(open)).toBe(200);
      const answer = await server().fetch(`/livestream/${open.streamId}/stream.m3u8?token=anything`);
      expect(await answer.text()).not.toContain('token');
    });
  });
}
