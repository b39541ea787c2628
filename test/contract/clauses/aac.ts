import { describe, expect, it } from 'vitest';
import {
  generateFrames,
  moveFrame,
  repeatFrames,
  sendFramesInRealTime,
  type Frame,
} from '../../helpers/frames.js';
import { HlsClient, type Playlist } from '../../helpers/hls-client.js';
import { frameDigests, probeStreams, sourceDigests } from '../../helpers/media.js';
import { difference } from '../frames.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer, type Server } from '../server.js';

/** Wall clocks of one moment in two playlists, in whole milliseconds each. */
const MILLISECOND = 1.001;

interface Variant {
  /** CODECS. */
  codecs: string;
  /** Of its media playlist. */
  url: string;
}

/** The one variant that a player is offered. @param query of the multivariant playlist */
async function variant(server: Server, streamId: string, query = '', init?: RequestInit): Promise<Variant> {
  const { url } = server.hls(streamId);
  await server.hls(streamId).mediaUrl();
  const text = await (await fetch(url + query, init)).text();
  const found = [...text.matchAll(/CODECS="([^"]*)".*\n(.+)/g)];
  expect(found).toHaveLength(1);
  const [, codecs, uri] = found[0]!;
  return { codecs: codecs!, url: new URL(uri!, url).href };
}

/** As it is offered to most players, and to those that take AAC only. */
async function bothVariants(server: Server, streamId: string): Promise<[Variant, Variant]> {
  return [await variant(server, streamId), await variant(server, streamId, '?audio=aac')];
}

/** A source whose clock goes an hour ahead after three seconds, while the frames come at their pace. */
function* withJump(frames: Iterable<Frame>): Generator<Frame> {
  for (const frame of frames) {
    yield frame.timestamp < 3e6 ? frame : { ...frame, message: moveFrame(frame, 3600e6).message };
  }
}

function lastMsn({ segments }: Playlist): number {
  return segments.at(-1)!.msn;
}

export function aac(startHost: StartHost): void {
  describe('AAC beside Opus', () => {
    const server = useServer(startHost);

    /** Publishes in real time until the test is over. */
    async function publish(use: (streamId: string) => Promise<void>): Promise<void> {
      const media = await generateFrames({ video: 'h264', audio: 'opus', seconds: 2 });
      const publisher = await server().publish(newStreamId(), { format: media.format });
      const sending = new AbortController();
      const sent = sendFramesInRealTime(publisher, repeatFrames(media), sending.signal);
      try {
        await use(publisher.streamId);
      } finally {
        sending.abort();
        await sent;
        await publisher.stop();
      }
    }

    it('is offered to those who ask for it, and made for them', async () => {
      await publish(async (streamId) => {
        const [source, twin] = await bothVariants(server(), streamId);
        expect(source.codecs).toMatch(/^avc1\.[0-9A-F]{6},opus$/);
        expect(twin.codecs).toBe(source.codecs.replace('opus', 'mp4a.40.2'));
        const hls = HlsClient.ofMedia(twin.url);
        const playlist = await hls.playlistWhere(({ segments }) => segments.some(({ uri }) => uri));
        const first = playlist.segments.find(({ uri }) => uri)!;
        const found = await hls.withDownload([first], async ([path]) => ({
          streams: await probeStreams(path!),
          frames: await frameDigests(path!),
        }));
        expect(found.streams.map(({ codec_name }) => codec_name).sort()).toEqual(['aac', 'h264']);
        const media = await generateFrames({ video: 'h264', audio: 'opus', seconds: 2 });
        const pictures = await sourceDigests(media);
        expect(difference(found.frames, pictures), 'the pictures are the source’s').toEqual([]);
      });
    });

    it('§4.4.5.4 is dated and reported like the source', async () => {
      await publish(async (streamId) => {
        const [source, twin] = await bothVariants(server(), streamId);
        const ofTwin = await HlsClient.ofMedia(twin.url).playlistWhere(({ segments }) => segments.length > 2);
        const ofSource = await HlsClient.ofMedia(source.url).playlist();
        expect(ofSource.partTarget).toBe(ofTwin.partTarget);
        expect(ofSource.targetDuration).toBe(ofTwin.targetDuration);
        const [report] = ofSource.reports;
        expect(new URL(report!.uri, source.url).href).toBe(twin.url);
        expect(report!.lastMsn).toBeGreaterThanOrEqual(lastMsn(ofTwin));
        expect(ofTwin.reports.map(({ uri }) => new URL(uri, twin.url).href)).toEqual([source.url]);
        // Segments begin with the same pictures, and so at the same date.
        for (const { programDateTime } of ofTwin.segments) {
          const nearest = ofSource.segments.map((segment) =>
            Math.abs(segment.programDateTime! - programDateTime!),
          );
          expect(Math.min(...nearest)).toBeLessThanOrEqual(MILLISECOND);
        }
      });
    });

    it('is what Apple’s own players get', async () => {
      await publish(async (streamId) => {
        const headers = {
          'User-Agent': 'AppleCoreMedia/1.0.0.22F76 (iPhone; U; CPU OS 18_5 like Mac OS X; en_us)',
        };
        const [source, twin] = await bothVariants(server(), streamId);
        expect(await variant(server(), streamId, '', { headers })).toEqual(twin);
        expect(await variant(server(), streamId, '?audio=source', { headers })).toEqual(source);
        const playlist = await fetch(server().hls(streamId).url, { headers });
        expect(playlist.headers.get('Vary')).toContain('User-Agent');
        expect((await fetch(`${server().hls(streamId).url}?audio=mp3`)).status).toBe(400);
      });
    });

    it('follows the source behind a discontinuity', async () => {
      const media = await generateFrames({ video: 'h264', audio: 'opus', seconds: 2 });
      const publisher = await server().publish(newStreamId(), { format: media.format });
      const sending = new AbortController();
      const sent = sendFramesInRealTime(publisher, withJump(repeatFrames(media)), sending.signal);
      const [, twin] = await bothVariants(server(), publisher.streamId);
      const playlist = await HlsClient.ofMedia(twin.url).playlistWhere(({ segments }) =>
        segments.some(({ discontinuity, uri }) => discontinuity && uri),
      );
      expect(playlist.segments.filter(({ discontinuity }) => discontinuity)).toHaveLength(1);
      sending.abort();
      await sent;
      await publisher.stop();
      expect((await HlsClient.ofMedia(twin.url).playlistWhere(({ ended }) => ended)).ended).toBe(true);
    });

    it('is not offered where there is nothing to make it of', async () => {
      const media = await generateFrames({ video: 'h264', audio: 'aac', seconds: 2 });
      const publisher = await server().publish(newStreamId(), { format: media.format });
      publisher.send(media.frames.map(({ message }) => message));
      const [source, twin] = await bothVariants(server(), publisher.streamId);
      expect(twin).toEqual(source);
      await publisher.stop();
    });
  });
}
