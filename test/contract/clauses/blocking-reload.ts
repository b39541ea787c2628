import { describe, expect, it } from 'vitest';
import { nextPart, type HlsClient, type Playlist } from '../../helpers/hls-client.js';
import { generateMedia } from '../../helpers/media.js';
import type { Publisher } from '../../helpers/publisher.js';
import type { StartHost } from '../implementation.js';
import { allParts } from '../llhls-rules.js';
import { newStreamId, useServer, type Server } from '../server.js';
import { expectProblem } from './playlists.js';

/** A stream whose publisher has stopped for a moment: nothing comes unless a test sends it. */
interface HeldStream {
  publisher: Publisher;
  hls: HlsClient;
  /** The newest there is. */
  playlist: Playlist;
  /** Sends some more media: half a second, or all that is left. */
  more(chunks?: number): void;
}

async function holdStream(server: Server): Promise<HeldStream> {
  const { chunks } = await generateMedia({ container: 'webm', video: 'h264', audio: 'opus', seconds: 8 });
  const publisher = await server.publish(newStreamId());
  const hls = server.hls(publisher.streamId);
  publisher.send(chunks.slice(0, 25));
  await publisher.acknowledged();
  let playlist = await hls.playlist();
  // Until no more comes out: the newest key frame but one is at 1 s, and 2.2 s were sent.
  playlist = await hls.playlistWhere(({ segments }) => segments.length === 3);
  return {
    publisher,
    hls,
    playlist,
    more: (count = 5) => publisher.send(chunks.slice(publisher.sent, publisher.sent + count)),
  };
}

export function blockingReload(startHost: StartHost): void {
  describe('blocking reload', () => {
    const server = useServer(startHost, {
      packaging: { segmentDuration: 0.5, keyFrameInterval: 0.5 },
    });

    it('§6.2.5.2 holds a playlist until the part is there, and then sends it at once', async () => {
      const { hls, playlist, publisher, more } = await holdStream(server());
      const wanted = nextPart(playlist);
      const waiting = hls.playlist(wanted);
      await server().holds(1);
      more();
      const next = await waiting;
      const segment = next.segments.find(({ msn }) => msn >= wanted.msn!)!;
      expect(segment.msn > wanted.msn! || segment.parts.length > wanted.part!).toBe(true);
      await publisher.stop();
    });

    it('§6.2.5.2 answers _HLS_msn without _HLS_part as soon as its first part is there', async () => {
      const { hls, playlist, publisher, more } = await holdStream(server());
      const msn = playlist.segments.at(-1)!.msn + 1;
      const waiting = hls.playlist({ msn });
      await server().holds(1);
      more(100);
      const next = await waiting;
      expect(next.segments.at(-1)!.msn).toBeGreaterThanOrEqual(msn);
      await publisher.stop();
    });

    it('§6.2.5.2 takes a part past the end of a segment for the first of the next', async () => {
      const { hls, playlist, publisher, more } = await holdStream(server());
      const finished = playlist.segments.at(-2)!;
      // There already: the segment after it has begun.
      const at = await hls.playlist({ msn: finished.msn, part: finished.parts.length });
      expect(at.segments.at(-1)!.msn).toBeGreaterThan(finished.msn);
      const growing = playlist.segments.at(-1)!;
      const waiting = hls.playlist({ msn: growing.msn, part: growing.parts.length + 6 });
      await server().holds(1);
      more(100);
      expect((await waiting).segments.at(-1)!.msn).toBeGreaterThan(growing.msn);
      await publisher.stop();
    });

    it('§6.2.5.2 answers at once what is there, however old', async () => {
      const { hls, playlist, publisher } = await holdStream(server());
      for (const directives of [{ msn: 0 }, { msn: 0, part: 3 }, { msn: 0, part: 99 }, { msn: 1, part: 0 }]) {
        expect((await hls.playlist(directives)).segments[0]!.msn).toBe(playlist.segments[0]!.msn);
      }
      await publisher.stop();
    });

    it('§6.2.5.2 refuses what is too far ahead, and what is no number', async () => {
      const { hls, playlist, publisher } = await holdStream(server());
      const { msn, parts } = playlist.segments.at(-1)!;
      await expectProblem(await hls.request({ msn: msn + 2 }), 400);
      await expectProblem(await hls.request({ msn: 1e14 }), 400);
      await expectProblem(await hls.request({ msn, part: parts.length + 100 }), 400);
      await expectProblem(await hls.request({ msn: msn + 1, part: 1000 }), 400);
      await expectProblem(await hls.request({ part: 0 }), 400);
      for (const value of ['abc', '-1', '1.5', '1e3', '', '0x1', '99999999999999999999']) {
        const url = new URL(await hls.mediaUrl());
        url.searchParams.set('_HLS_msn', value);
        await expectProblem(await fetch(url), 400);
      }
      await publisher.stop();
    });

    it('§B.1 lets a playlist that was waited for be cached, and any other not', async () => {
      const { hls, playlist, publisher } = await holdStream(server());
      const { msn, parts } = playlist.segments.at(-1)!;
      const waited = await hls.request({ msn, part: parts.length - 1 });
      expect(waited.headers.get('cache-control')).toMatch(/^public, max-age=[1-9]\d*$/);
      const plain = await hls.request();
      expect(plain.headers.get('cache-control')).toBe('no-cache');
      for (const response of [waited, plain]) {
        expect(response.headers.get('content-type')).toBe('application/vnd.apple.mpegurl');
        expect(response.headers.get('access-control-allow-origin')).toBe('*');
        await response.text();
      }
      await publisher.stop();
    });

    it('§6.2.5.2 answers 503 after three target durations, and holds nothing then', async () => {
      const { hls, playlist, publisher } = await holdStream(server());
      const start = performance.now();
      const response = await hls.request({ msn: playlist.segments.at(-1)!.msn + 1 });
      const seconds = (performance.now() - start) / 1000;
      await expectProblem(response, 503);
      expect(seconds / (3 * playlist.targetDuration)).toBeCloseTo(1, 0);
      expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
      await server().holds(0);
      await publisher.stop();
    });

    it('§4.4.5.3 holds the hinted part until it is whole', async () => {
      const { hls, playlist, publisher, more } = await holdStream(server());
      const waiting = hls.bytes(playlist.hint!);
      await server().holds(1);
      more();
      const bytes = await waiting;
      const next = await hls.playlistWhere((newer) => newer.hint !== playlist.hint);
      expect(allParts(next).map(({ uri }) => uri)).toContain(playlist.hint);
      expect(bytes.equals(await hls.bytes(playlist.hint!))).toBe(true);
      await publisher.stop();
    });

    it('§6.2.2 knows no other part that is not there yet', async () => {
      const { hls, playlist, publisher } = await holdStream(server());
      const [, prefix, number] = /^(.*?)(\d+)\.m4s$/.exec(playlist.hint!)!;
      for (const later of [1, 2, 50]) {
        await expectProblem(await hls.media(`${prefix}${Number(number) + later}.m4s`), 404);
      }
      await publisher.stop();
    });

    it('§6.2.5.2 answers all who wait, with the end, when the stream stops', async () => {
      const { hls, playlist, publisher } = await holdStream(server());
      const { msn } = playlist.segments.at(-1)!;
      const waiting = Array.from({ length: 10 }, () => hls.playlist({ msn: msn + 1 }));
      await server().holds(10);
      await publisher.stop();
      for (const ended of await Promise.all(waiting)) expect(ended.ended).toBe(true);
    });

    it('§4.4.5.3 answers those who wait for a part that will never come', async () => {
      const { hls, publisher } = await holdStream(server());
      let playlist = await hls.playlist();
      const waiting = hls.media(playlist.hint!);
      await server().holds(1);
      await publisher.stop();
      const response = await waiting;
      playlist = await hls.playlist();
      // What the transcoder still held has become that part, or there is none.
      if (response.status === 200) expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(0);
      else await expectProblem(response, 404);
      expect(playlist.ended).toBe(true);
      await server().holds(0);
    });

    it('§6.2.5.2 takes no notice of directives once the playlist has ended', async () => {
      const { hls, publisher } = await holdStream(server());
      await publisher.stop();
      const { text } = await hls.playlist();
      for (const directives of [
        { msn: 0 },
        { msn: 9999 },
        { msn: 2, part: 9999 },
        { part: 1 },
        { skip: true },
      ]) {
        const response = await hls.request(directives);
        expect({ directives, status: response.status }).toEqual({ directives, status: 200 });
        expect(await response.text()).toBe(text);
      }
    });

    it('§B.1 holds nothing for a client that has left', async () => {
      const { hls, playlist, publisher, more } = await holdStream(server());
      const leaving = new AbortController();
      const { signal } = leaving;
      const requests = [
        hls.request({ msn: playlist.segments.at(-1)!.msn + 1 }, { signal }),
        hls.media(playlist.hint!, { signal }),
      ];
      const stays = hls.playlist({ msn: playlist.segments.at(-1)!.msn + 1 });
      await server().holds(3);
      leaving.abort();
      for (const request of requests) await expect(request).rejects.toThrow();
      await server().holds(1);
      more(100);
      expect((await stays).segments.length).toBeGreaterThan(0);
      await publisher.stop();
    });
  });
}
