import { describe, expect, it } from 'vitest';
import { generateMedia, type MediaRecipe } from '../../helpers/media.js';
import { expectEnded, expectEveryFrame } from '../frames.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer } from '../server.js';

const h264Webm: MediaRecipe = { container: 'webm', video: 'h264', audio: 'opus' };
const vp8Webm: MediaRecipe = { container: 'webm', video: 'vp8', audio: 'opus' };

export function publishing(startHost: StartHost): void {
  describe('publishing', () => {
    const server = useServer(startHost);

    it('answers start-stream with where to watch and how to resume', async () => {
      const streamId = newStreamId();
      const { started, socket } = await server().publish(streamId, { userId: 'a-user', title: 'A title' });
      expect(started).toEqual({
        type: 'stream-started',
        streamId,
        playbackUrl: `${server().url}/livestream/${streamId}/stream.m3u8`,
        resumeToken: expect.stringMatching(/.{16,}/),
        received: 0,
      });
      await socket.roundTrip();
      expect(socket.all('error')).toEqual([]);
    });

    const formats: [string, MediaRecipe, { copied: boolean; streams: string[] }][] = [
      ['WebM of VP8 and Opus', vp8Webm, { copied: false, streams: ['h264', 'aac'] }],
      ['WebM of H.264 and Opus', h264Webm, { copied: true, streams: ['h264', 'aac'] }],
      [
        'fragmented MP4',
        { container: 'mp4', video: 'h264', audio: 'aac' },
        { copied: true, streams: ['h264', 'aac'] },
      ],
      [
        'MPEG-TS',
        { container: 'mpegts', video: 'h264', audio: 'aac' },
        { copied: true, streams: ['h264', 'aac'] },
      ],
      ['WebM without sound', { container: 'webm', video: 'h264' }, { copied: true, streams: ['h264'] }],
      ['WebM without picture', { container: 'webm', audio: 'opus' }, { copied: false, streams: ['aac'] }],
    ];
    it.each(formats)('publishes %s', async (_, recipe, expected) => {
      const media = await generateMedia(recipe);
      const publisher = await server().publish(newStreamId());
      const hls = server().hls(publisher.streamId);
      publisher.send(media.chunks);
      await publisher.acknowledged();
      expect(await publisher.stop()).toEqual({
        type: 'stream-stopped',
        streamId: publisher.streamId,
        reason: 'stopped',
      });

      // Everything was published before the publisher was told that it is over.
      await expectEnded(hls, media, expected.streams);
      if (expected.copied) await expectEveryFrame(hls, media);
    });

    it.each<[string, string, MediaRecipe]>([
      [
        'VP9 that is said to be H.264',
        'video/webm;codecs=h264,opus',
        { ...vp8Webm, video: 'vp9', seconds: 2 },
      ],
      ['WebM that is said to be MP4 of VP9', 'video/mp4;codecs=vp09.00.10.08', { ...h264Webm, seconds: 2 }],
    ])('goes by what is in a file, not by its mimeType: %s', async (_, mimeType, recipe) => {
      const media = await generateMedia(recipe);
      const publisher = await server().publish(newStreamId(), { format: { kind: 'container', mimeType } });
      publisher.send(media.chunks);
      expect((await publisher.stop()).reason).toBe('stopped');
      await expectEnded(server().hls(publisher.streamId), media, ['h264', 'aac']);
    });

    it('is live within a second or so of the first bytes, and acknowledges what it holds', async () => {
      const media = await generateMedia({ ...h264Webm, seconds: 2.5 });
      const publisher = await server().publish(newStreamId());
      const sending = publisher.sendInRealTime(media.chunks, media.seconds);
      const { socket } = publisher;
      const live = await socket.next('stream-status', ({ status }) => status === 'live', 2000);
      expect(live.streamId).toBe(publisher.streamId);
      await sending;
      await publisher.acknowledged();

      const acks = socket.arrivals.filter(({ message }) => message.type === 'ack');
      const received = socket.all('ack').map((ack) => ack.received);
      expect(received).toEqual([...received].sort((a, b) => a - b));
      expect(received.at(-1)).toBe(media.chunks.length);
      const gaps = acks.slice(1).map(({ at }, index) => at - acks[index]!.at);
      expect(Math.max(...gaps)).toBeLessThan(1000);
      await publisher.stop();
    });

    it('takes a message of any length: none, one byte, or a whole file', async () => {
      const media = await generateMedia(h264Webm);
      const file = Buffer.concat(media.chunks);
      const publisher = await server().publish(newStreamId());
      const single = Array.from({ length: 50 }, (_, index) => file.subarray(index, index + 1));
      publisher.send([Buffer.alloc(0), ...single, file.subarray(50)]);
      await publisher.stop();
      await expectEveryFrame(server().hls(publisher.streamId), media);
      expect(publisher.socket.all('ack').at(-1)?.received).toBe(52);
    });

    it('starts again after a stop, on the same connection, as another stream of the same id', async () => {
      const media = await generateMedia(h264Webm);
      const first = await server().publish(newStreamId());
      const hls = server().hls(first.streamId);
      first.send(media.chunks);
      await first.stop();
      const before = await hls.mediaUrl();

      first.socket.send({ type: 'start-stream', streamId: first.streamId });
      const again = await first.socket.next('stream-started');
      expect(again.received).toBe(0);
      expect(again.resumeToken).not.toBe(first.started.resumeToken);
      for (const chunk of media.chunks) first.socket.sendBinary(chunk);
      await first.socket.next('ack', ({ received }) => received === media.chunks.length);
      await first.stop();

      const second = server().hls(first.streamId);
      // Media is cached as immutable, so that no URI may come again.
      expect(await second.mediaUrl()).not.toBe(before);
      const playlist = await second.playlist();
      expect(playlist.segments.some(({ discontinuity }) => discontinuity)).toBe(false);
      await expectEveryFrame(second, media);
    });

    it('carries two streams on two connections', async () => {
      const sources = await Promise.all([generateMedia(h264Webm), generateMedia(formats[2]![1])]);
      const publishers = await Promise.all(sources.map(() => server().publish(newStreamId())));
      await Promise.all(
        publishers.map((publisher, index) => publisher.sendInRealTime(sources[index]!.chunks, 1)),
      );
      await Promise.all(publishers.map((publisher) => publisher.stop()));
      for (const [index, { streamId }] of publishers.entries()) {
        await expectEveryFrame(server().hls(streamId), sources[index]!);
      }
    });

    it('stops a stream that has sent nothing', async () => {
      const publisher = await server().publish(newStreamId());
      const viewer = await server().watch(publisher.streamId);
      expect((await publisher.stop()).reason).toBe('stopped');
      expect((await viewer.next('stream-status')).status).toBe('ended');
    });

    it('takes a container after frames that it refused, on the same connection', async () => {
      const socket = await server().connect();
      const streamId = newStreamId();
      const track = { id: 0, kind: 'video' as const, codec: 'vp8', width: 1280, height: 720 };
      socket.send({ type: 'start-stream', streamId, format: { kind: 'frames', tracks: [track] } });
      expect(await socket.next('error')).toEqual({
        type: 'error',
        code: 'UNSUPPORTED_FORMAT',
        message: expect.stringMatching(/vp8.*avc1/),
        streamId,
        fatal: false,
      });
      socket.send({ type: 'start-stream', streamId, format: { kind: 'container', mimeType: 'video/webm' } });
      expect((await socket.next('stream-started')).streamId).toBe(streamId);
      socket.send({ type: 'track-config', streamId, track });
      expect((await socket.next('error')).code).toBe('UNSUPPORTED_FORMAT');
      socket.send({ type: 'capture-clock', streamId, timestamp: 0, time: Date.now() });
      expect((await socket.next('error')).code).toBe('UNSUPPORTED_FORMAT');
      socket.send({ type: 'stop-stream', streamId });
      await socket.next('stream-stopped');
    });
  });
}
