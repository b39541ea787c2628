import { describe, expect, it } from 'vitest';
import { generateMedia } from '../../helpers/media.js';
import type { StartHost } from '../implementation.js';
import { nextPart, type Playlist, type PlaylistSegment } from '../../helpers/hls-client.js';
import { expectLowLatencyRules, violations } from '../llhls-rules.js';
import { newStreamId, useServer } from '../server.js';
import { expectProblem } from './playlists.js';

/** Parts leave a playlist as it goes on. */
const withoutParts = (segment: PlaylistSegment): PlaylistSegment => ({ ...segment, parts: [] });

/** The segments of which a client knows that they are in the newer playlist: what was skipped, then what was said. */
function applyDelta(known: Playlist, delta: Playlist): PlaylistSegment[] {
  const first = delta.mediaSequence + delta.skipped;
  const skipped = known.segments.filter(({ msn }) => msn >= delta.mediaSequence && msn < first);
  expect(skipped, 'a delta skips only what was known').toHaveLength(delta.skipped);
  // EXT-X-MAP stands where it changes: before a segment that was skipped, perhaps.
  const map = skipped.at(-1)?.map;
  return [...skipped, ...delta.segments.map((segment) => ({ ...segment, map: segment.map ?? map }))].map(
    withoutParts,
  );
}

/** The segment that was in the playlist before. */
function justLeft({ mediaSequence, segments }: Playlist): string {
  return segments[0]!.uri!.replace(/\d+(?=\.m4s$)/, String(mediaSequence - 1));
}

export function windows(startHost: StartHost): void {
  describe('the window', () => {
    const server = useServer(startHost, {
      packaging: { windowSegments: 6, segmentDuration: 0.5, keyFrameInterval: 0.5 },
      limits: { endedTime: 1 },
    });

    it('slides: old segments leave the playlist, and some time later the server', async () => {
      const media = await generateMedia({ container: 'mp4', video: 'h264', audio: 'aac', seconds: 20 });
      const publisher = await server().publish(newStreamId());
      const hls = server().hls(publisher.streamId);
      publisher.send(media.chunks.slice(0, 5));
      const early = await hls.playlistWhere(({ segments }) => segments.some(({ uri }) => uri !== undefined));
      expect(early.mediaSequence).toBeLessThanOrEqual(1);
      publisher.send(media.chunks.slice(5, 10));
      await publisher.acknowledged();
      const middle = await hls.playlistWhere(({ segments }) => segments.at(-1)!.msn >= 7);
      publisher.send(media.chunks.slice(10));
      await publisher.acknowledged();
      const late = await hls.playlistWhere(({ segments }) => segments.at(-1)!.msn >= 17);
      expectLowLatencyRules(late);
      expect(late.segments.length).toBeGreaterThanOrEqual(6);
      expect(late.segments.length).toBeLessThanOrEqual(8);
      expect(late.mediaSequence).toBe(late.segments[0]!.msn);

      // What has just left can still be had by those whose playlist is older.
      expect(middle.segments.at(-1)!.msn).toBeLessThan(late.mediaSequence);
      await expect.poll(async () => (await hls.media(justLeft(await hls.playlist()))).status).toBe(200);
      await expectProblem(await hls.media(early.segments[0]!.uri!), 404);
      await expectProblem(await hls.media(early.segments[0]!.parts[0]!.uri), 404);
      expect((await hls.media(late.segments[0]!.map!)).status).toBe(200);
      await publisher.stop();
    });

    it('§4.4.3.8 leaves out only what is beyond CAN-SKIP-UNTIL, when asked to', async () => {
      const media = await generateMedia({ container: 'mp4', video: 'h264', audio: 'aac', seconds: 20 });
      const publisher = await server().publish(newStreamId());
      const hls = server().hls(publisher.streamId);
      publisher.send(media.chunks);
      await publisher.acknowledged();
      let whole = await hls.playlistWhere(({ segments }) => segments.at(-1)!.msn >= 17);
      let delta = await hls.playlist({ skip: true });
      // The transcoder may still be at it.
      for (let next = await hls.playlist(); next.text !== whole.text; next = await hls.playlist()) {
        whole = next;
        delta = await hls.playlist({ skip: true });
      }
      const boundary = Number(whole.control['CAN-SKIP-UNTIL']);
      let fromEnd = 0;
      for (const segment of [...delta.segments].reverse()) fromEnd += segment.duration ?? 0;
      // Only segments beyond the boundary may be left out; here there may be none.
      if (delta.skipped > 0) {
        expect(fromEnd).toBeGreaterThanOrEqual(boundary - 0.01);
        expectLowLatencyRules(delta);
        expect(delta.segments).toEqual(
          whole.segments
            .slice(delta.skipped)
            .map((segment, index) => ({ ...segment, map: delta.segments[index]!.map })),
        );
      } else {
        expect(delta.text).toBe(whole.text);
      }
      await publisher.stop();
      const ended = await hls.playlist({ skip: true });
      expect(ended.skipped).toBe(0);
    });

    it('can be watched to its end for a while, and is forgotten then', async () => {
      const media = await generateMedia({ container: 'mp4', video: 'h264', audio: 'aac', seconds: 2 });
      const publisher = await server().publish(newStreamId());
      const path = `/livestream/${publisher.streamId}/stream.m3u8`;
      publisher.send(media.chunks);
      await publisher.stop();
      expect((await server().fetch(path)).status).toBe(200);
      const status = async () => (await server().fetch(path)).status;
      await expect.poll(status, { timeout: 5000 }).toBe(404);
      expect((await server().fetch(`/livestream/${publisher.streamId}`)).status).toBe(404);
    });
  });

  describe('a long window', () => {
    const server = useServer(startHost, {
      packaging: { windowSegments: 30, segmentDuration: 0.5, keyFrameInterval: 0.5 },
    });

    it('is sent as a delta to players that know most of it', async () => {
      const media = await generateMedia({ container: 'mp4', video: 'h264', audio: 'aac', seconds: 20 });
      const publisher = await server().publish(newStreamId());
      const hls = server().hls(publisher.streamId);
      publisher.send(media.chunks);
      await publisher.acknowledged();
      const whole = await hls.playlistWhere(({ segments }) => segments.at(-1)!.msn >= 17);
      const delta = await hls.playlist({ skip: true });
      expectLowLatencyRules(delta);
      expect(delta.skipped).toBeGreaterThan(0);
      const last = delta.mediaSequence + delta.skipped + delta.segments.length - 1;
      expect(delta.segments.at(-1)!.msn).toBe(last);
      const kept = delta.segments.reduce((sum, segment) => sum + (segment.duration ?? 0), 0);
      expect(kept).toBeGreaterThanOrEqual(Number(whole.control['CAN-SKIP-UNTIL']) - 1);
      expect(delta.text.length).toBeLessThan(whole.text.length);
      await publisher.stop();
    });

    it('§6.2.5.1 a delta and the playlist before it are the whole playlist, at every part', async () => {
      const media = await generateMedia({
        container: 'mp4',
        video: 'h264',
        audio: 'aac',
        seconds: 20,
        keyFrameInterval: 0.5,
      });
      const publisher = await server().publish(newStreamId());
      const hls = server().hls(publisher.streamId);
      const sending = publisher.sendInRealTime(media.chunks, media.seconds / 6);
      let known = await hls.playlist();
      let deltas = 0;
      while (known.segments.at(-1)!.msn < 35) {
        const directives = nextPart(known);
        const delta = await hls.playlist({ ...directives, skip: true });
        const whole = await hls.playlist(directives);
        expect(violations(delta.text)).toEqual([]);
        // The whole one may be newer: the window has moved on then, and has more at its end.
        const from = whole.segments[0]!.msn;
        const merged = applyDelta(known, delta)
          .slice(0, -1)
          .filter(({ msn }) => msn >= from);
        expect(merged).toEqual(whole.segments.slice(0, merged.length).map(withoutParts));
        if (delta.skipped > 0) deltas++;
        known = whole;
      }
      expect(deltas).toBeGreaterThan(3);
      await sending;
      await publisher.stop();
    });
  });

  describe('a window of few bytes', () => {
    const server = useServer(startHost, { packaging: { windowBytes: 1024 * 1024, windowSegments: 100 } });

    it('§6.2.2 keeps to its size with fewer segments, but no less than six', async () => {
      const media = await generateMedia({ container: 'mp4', video: 'h264', seconds: 12, bitrate: 450_000 });
      const publisher = await server().publish(newStreamId());
      const hls = server().hls(publisher.streamId);
      publisher.send(media.chunks);
      await publisher.acknowledged();
      const playlist = await hls.playlistWhere(({ segments }) => segments.at(-1)!.msn >= 10);
      expect(playlist.mediaSequence).toBeGreaterThan(1);
      expect(playlist.segments.filter(({ uri }) => uri).length).toBeGreaterThanOrEqual(6);
      const metrics = await (await server().fetch('/metrics')).text();
      const held = Number(/^livedrop_window_bytes (\d+)$/m.exec(metrics)?.[1]);
      expect(held).toBeGreaterThan(0);
      expect(held).toBeLessThanOrEqual(1024 * 1024);
      await publisher.stop();
    });

    it('§6.2.2 fails a stream whose six segments do not fit, rather than list less', async () => {
      const media = await generateMedia({ container: 'mp4', video: 'h264', seconds: 12, bitrate: 2_000_000 });
      const publisher = await server().publish(newStreamId());
      const hls = server().hls(publisher.streamId);
      publisher.send(media.chunks);
      const error = await publisher.socket.next('error');
      expect(error).toMatchObject({ code: 'TOO_LARGE', fatal: true, streamId: publisher.streamId });
      expect(error.message).toContain('1048576 bytes');
      const { reason } = await publisher.socket.next('stream-stopped');
      expect(reason).toBe('failed');
      const playlist = await hls.playlist();
      expect(playlist.ended).toBe(true);
      for (const { uri } of playlist.segments) expect((await hls.media(uri!)).status).toBe(200);
    });
  });
}
