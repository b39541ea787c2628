import { get } from 'node:http';
import { describe, expect, it } from 'vitest';
import { nextPart, readAttributes, type Playlist } from '../../helpers/hls-client.js';
import { generateMedia } from '../../helpers/media.js';
import type { StartHost } from '../implementation.js';
import { allParts, expectLowLatencyRules, expectOnlyAdditions } from '../llhls-rules.js';
import { newStreamId, useServer } from '../server.js';

const recipe = { container: 'webm', video: 'h264', audio: 'opus' } as const;

/** Checks an answer of RFC 9457 that pages of any origin can read. */
/** @param about what its words must contain */
export async function expectProblem(response: Response, status: number, about = ''): Promise<void> {
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const body = (await response.json()) as { detail: string };
  expect(body).toMatchObject({ type: expect.any(String), title: expect.any(String), status });
  expect(body.detail.length).toBeGreaterThan(10);
  expect(body.detail).toContain(about);
}

/** Asks for a path as it is: `fetch` would resolve dots. */
function rawStatus(origin: string, path: string): Promise<number> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    get({ hostname, port, path, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    }).on('error', reject);
  });
}

export function playlists(startHost: StartHost): void {
  describe('playlists and media', () => {
    const server = useServer(startHost);

    it('answers 404 while there is nothing to play', async () => {
      const streamId = newStreamId();
      const paths = [
        `/livestream/${streamId}/stream.m3u8`,
        `/livestream/${streamId}/source/x.m3u8`,
        `/livestream/${streamId}/source/x-s0.m4s`,
      ];
      for (const path of paths) await expectProblem(await server().fetch(path), 404);
      await server().watch(streamId);
      await expectProblem(await server().fetch(paths[0]!), 404);
      const publisher = await server().publish(streamId);
      for (const path of paths) await expectProblem(await server().fetch(path), 404);
      await publisher.stop();
      await expectProblem(await server().fetch(paths[0]!), 404);
    });

    it.each([
      '/livestream/%00/stream.m3u8',
      '/livestream/a%00b/stream.m3u8',
      '/livestream/../stream.m3u8',
      '/livestream/../../etc/passwd',
      '/livestream/%2e%2e/stream.m3u8',
      '/livestream/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
      '/livestream/a%2fb/stream.m3u8',
      '/livestream/%E0%A4%A/stream.m3u8',
      '/livestream/%FF%FE/stream.m3u8',
      '/livestream/%C3%BCbung/stream.m3u8',
      `/livestream/${'a'.repeat(65)}/stream.m3u8`,
      `/livestream/${'a'.repeat(5000)}`,
      '/livestream//stream.m3u8',
      '/livestream/__proto__/__proto__/__proto__',
      '/livestream/constructor/constructor',
    ])('answers 404 to %s', async (path) => {
      expect(await rawStatus(server().url, server().mountPath + path)).toBe(404);
    });

    it('describes a stream in its multivariant playlist', async () => {
      const publisher = await server().publish(newStreamId());
      publisher.send((await generateMedia(recipe)).chunks);
      await publisher.stop();
      const response = await fetch(publisher.started.playbackUrl);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/vnd.apple.mpegurl');
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('cache-control')).toBe('no-cache');
      const lines = (await response.text()).trimEnd().split('\n');
      expect(lines[0]).toBe('#EXTM3U');
      expect(lines).toContain('#EXT-X-INDEPENDENT-SEGMENTS');
      const at = lines.findIndex((line) => line.startsWith('#EXT-X-STREAM-INF:'));
      const attributes = readAttributes(lines[at]!.slice('#EXT-X-STREAM-INF:'.length));
      expect(attributes).toEqual({
        BANDWIDTH: expect.stringMatching(/^\d+$/),
        'AVERAGE-BANDWIDTH': expect.stringMatching(/^\d+$/),
        CODECS: expect.stringMatching(/^avc1\.[0-9A-Fa-f]{6},mp4a\.40\.2$/),
        RESOLUTION: '320x180',
        'FRAME-RATE': '30.000',
      });
      expect(lines[at + 1]).not.toMatch(/^#|^\/|:\/\//);

      // Bandwidths are those of the segments on the wire.
      const { segments } = await server().hls(publisher.streamId).playlist();
      const hls = server().hls(publisher.streamId);
      const rates = [];
      for (const segment of segments)
        rates.push(((await hls.bytes(segment.uri!)).length * 8) / segment.duration!);
      const average = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
      expect(Number(attributes['BANDWIDTH']) / Math.max(...rates)).toBeCloseTo(1, 2);
      expect(Number(attributes['AVERAGE-BANDWIDTH']) / average).toBeCloseTo(1, 1);
    });

    it('names no picture where there is none', async () => {
      const publisher = await server().publish(newStreamId());
      publisher.send((await generateMedia({ container: 'webm', audio: 'opus' })).chunks);
      await publisher.stop();
      const text = await (await fetch(publisher.started.playbackUrl)).text();
      expect(text).toContain('CODECS="mp4a.40.2"');
      expect(text).not.toMatch(/RESOLUTION|FRAME-RATE/);
      expectLowLatencyRules(await server().hls(publisher.streamId).playlist());
    });

    it('keeps the rules of low-latency HLS from the first part to the end', async () => {
      const media = await generateMedia(recipe);
      const publisher = await server().publish(newStreamId());
      const hls = server().hls(publisher.streamId);
      const sending = publisher.sendInRealTime(media.chunks, media.seconds).then(() => publisher.stop());
      // Looked at last; until then a failure is the playlist's to tell.
      sending.catch(() => {});
      let playlist = await hls.playlist();
      expectLowLatencyRules(playlist);
      const seen = [playlist];
      while (!playlist.ended) {
        const wanted = nextPart(playlist);
        const next: Playlist = await hls.playlist(wanted);
        expectLowLatencyRules(next);
        expectOnlyAdditions(playlist, next);
        if (!next.ended) expect(allParts(next).at(-1)!.uri).not.toBe(allParts(playlist).at(-1)!.uri);
        playlist = next;
        seen.push(playlist);
      }
      expect((await sending).reason).toBe('stopped');
      // A reload for every part, about 20 in 4 s; a busy machine comes late to some.
      expect(seen.length).toBeGreaterThan(8);
      const drift = seen.map(({ segments }) => segments.at(-1)!.programDateTime! - Date.now());
      expect(Math.max(...drift.map(Math.abs))).toBeLessThan(media.seconds * 1000 + 2000);
    });

    it.each([
      [24, 0.209],
      [25, 0.2],
      ['30000/1001', 0.201],
      [30, 0.2],
    ])('cuts parts of whole frames at %s frames a second: %s s', async (frameRate, partTarget) => {
      const media = await generateMedia({ container: 'mp4', video: 'h264', frameRate, seconds: 2 });
      const publisher = await server().publish(newStreamId());
      publisher.send(media.chunks);
      await publisher.acknowledged();
      const hls = server().hls(publisher.streamId);
      const playlist = await hls.playlistWhere(({ segments }) => segments.length >= 2);
      expect(playlist.partTarget).toBe(partTarget);
      expectLowLatencyRules(playlist);
      const [, first] = /FRAME-RATE=([\d.]+)/.exec(await (await fetch(hls.url)).text()) ?? [];
      const rate = typeof frameRate === 'number' ? frameRate : 30_000 / 1001;
      expect(Number(first)).toBeCloseTo(rate, 2);
      await publisher.stop();
    });

    it.each(['webm', 'mp4', 'mpegts'] as const)(
      'starts every segment with a key frame where these come every 2 s: %s',
      async (container) => {
        const audio = container === 'webm' ? 'opus' : 'aac';
        const media = await generateMedia({
          container,
          video: 'h264',
          audio,
          seconds: 8,
          keyFrameInterval: 2,
        });
        const publisher = await server().publish(newStreamId());
        publisher.send(media.chunks);
        await publisher.acknowledged();
        const hls = server().hls(publisher.streamId);
        const playlist = await hls.playlistWhere(({ segments }) => segments.length >= 3);
        expect(playlist.segments[0]!.duration).toBeCloseTo(2, 1);
        expectLowLatencyRules(playlist);
        await publisher.stop();
      },
    );

    it('offers parts that together are their segment', async () => {
      const publisher = await server().publish(newStreamId());
      const media = await generateMedia(recipe);
      publisher.send(media.chunks);
      await publisher.acknowledged();
      const hls = server().hls(publisher.streamId);
      const { segments } = await hls.playlistWhere((playlist) => playlist.segments.length >= 3);
      for (const segment of segments.filter(({ uri }) => uri !== undefined)) {
        const parts = [];
        for (const part of segment.parts) parts.push(await hls.bytes(part.uri));
        expect(Buffer.concat(parts).equals(await hls.bytes(segment.uri!))).toBe(true);
      }
      await publisher.stop();
    });

    it('§B.1 lets media be cached for ever, and errors never', async () => {
      const publisher = await server().publish(newStreamId());
      publisher.send((await generateMedia(recipe)).chunks);
      await publisher.acknowledged();
      const hls = server().hls(publisher.streamId);
      const { segments } = await hls.playlistWhere((playlist) => playlist.segments.length >= 2);
      const [segment] = segments;
      for (const uri of [segment!.map!, segment!.parts[0]!.uri, segment!.uri!]) {
        const response = await hls.media(uri, { headers: { Origin: 'null' } });
        expect(response.status).toBe(200);
        expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
        expect(response.headers.get('content-type')).toBe('video/mp4');
        expect(response.headers.get('access-control-allow-origin')).toBe('*');
        await response.arrayBuffer();
      }
      const strangers = [
        'x-s0.m4s',
        'init.mp4',
        segment!.uri!.replace(/\d+\.m4s$/, '9999.m4s'),
        '..%2fstream.m3u8',
      ];
      for (const uri of strangers) await expectProblem(await hls.media(uri), 404);
      const otherRendition = new URL(`../nothing/${segment!.uri}`, await hls.mediaUrl());
      await expectProblem(await fetch(otherRendition), 404);
      await publisher.stop();
    });

    it('§6.2.1 compresses playlists for those who take it', async () => {
      const publisher = await server().publish(newStreamId());
      publisher.send((await generateMedia(recipe)).chunks);
      await publisher.stop();
      const hls = server().hls(publisher.streamId);
      for (const url of [hls.url, await hls.mediaUrl()]) {
        const ask = (encoding: string) => fetch(url, { headers: { 'Accept-Encoding': encoding } });
        const plain = await ask('identity');
        expect(plain.headers.get('content-encoding')).toBeNull();
        const text = await plain.text();
        for (const encoding of ['gzip', 'gzip, deflate, br', 'br;q=1.0, gzip;q=0.8, *;q=0.1', 'GZIP']) {
          const zipped = await ask(encoding);
          expect(zipped.headers.get('content-encoding'), encoding).toBe('gzip');
          expect(zipped.headers.get('vary')).toMatch(/accept-encoding/i);
          expect(await zipped.text()).toBe(text);
        }
        for (const encoding of ['gzip;q=0', 'br', 'deflate, gzip;q=0.0', 'gzip;q=0, *']) {
          expect((await ask(encoding)).headers.get('content-encoding'), encoding).toBeNull();
        }
      }
    });

    it('answers HEAD as GET, without the body', async () => {
      const publisher = await server().publish(newStreamId());
      publisher.send((await generateMedia(recipe)).chunks);
      await publisher.stop();
      const hls = server().hls(publisher.streamId);
      const [segment] = (await hls.playlist()).segments;
      const media = [segment!.map!, segment!.uri!].map(
        async (uri) => new URL(uri, await hls.mediaUrl()).href,
      );
      for (const url of [hls.url, await hls.mediaUrl(), ...(await Promise.all(media))]) {
        const [head, whole] = await Promise.all([fetch(url, { method: 'HEAD' }), fetch(url)]);
        expect(head.status).toBe(200);
        for (const name of ['content-type', 'cache-control', 'access-control-allow-origin']) {
          expect(head.headers.get(name), name).toBe(whole.headers.get(name));
        }
        expect(await head.text()).toBe('');
        expect((await whole.arrayBuffer()).byteLength).toBeGreaterThan(0);
      }
      const missing = await fetch(`${server().url}/livestream/nobody/stream.m3u8`, { method: 'HEAD' });
      expect(missing.status).toBe(404);
    });
  });
}
