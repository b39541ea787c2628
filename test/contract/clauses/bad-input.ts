import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { frameMessage, framesFrom, framesUntil, generateFrames, messagesOf } from '../../helpers/frames.js';
import { generateMedia } from '../../helpers/media.js';
import { expectEveryFrame } from '../frames.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer } from '../server.js';

export function badInput(startHost: StartHost): void {
  describe.concurrent('bad input', () => {
    const server = useServer(startHost, {
      limits: { maxMessageBytes: 512 * 1024, startTime: 1, graceTime: 1 },
    });

    it('refuses data before start-stream', async () => {
      const client = await server().connect();
      client.sendBinary(Buffer.from([1, 2, 3]));
      const error = await client.next('error');
      expect(error).toMatchObject({ code: 'NOT_STREAMING', fatal: false });
      expect(error.message).toContain('start-stream');
      await client.roundTrip();
    });

    it('refuses data after stop-stream', async () => {
      const { chunks } = await generateMedia({ container: 'webm', video: 'h264', seconds: 1 });
      const publisher = await server().publish(newStreamId());
      publisher.send(chunks);
      await publisher.stop();
      publisher.socket.sendBinary(chunks[0]!);
      expect(await publisher.socket.next('error')).toMatchObject({ code: 'NOT_STREAMING', fatal: false });
    });

    it.each(['stop-stream', 'track-config'] as const)('refuses %s of a stream of others', async (type) => {
      const publisher = await server().publish(newStreamId());
      const { streamId } = publisher;
      const track = { id: 0, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 };
      const client = await server().connect();
      client.sendText(JSON.stringify({ type, streamId, track }));
      expect(await client.next('error')).toMatchObject({ code: 'NOT_STREAMING', streamId, fatal: false });
      await publisher.socket.roundTrip();
      expect(publisher.socket.all('stream-stopped')).toEqual([]);
    });

    it('refuses a second stream on a connection that publishes one', async () => {
      const publisher = await server().publish(newStreamId());
      const streamId = newStreamId();
      publisher.socket.send({ type: 'start-stream', streamId });
      const error = await publisher.socket.next('error');
      expect(error).toMatchObject({ code: 'BAD_MESSAGE', streamId, fatal: false });
      expect(error.message).toContain(publisher.streamId);
      expect((await publisher.stop()).streamId).toBe(publisher.streamId);
    });

    it('refuses a second publisher; the first goes on', async () => {
      const media = await generateMedia({ container: 'webm', video: 'h264', audio: 'opus' });
      const publisher = await server().publish(newStreamId());
      const { streamId } = publisher;
      publisher.send(media.chunks.slice(0, 20));
      const second = await server().connect();
      for (const fields of [{}, { resume: { token: 'not-the-token' } }, { resume: { token: streamId } }]) {
        second.send({ type: 'start-stream', streamId, ...fields });
        expect(await second.next('error')).toMatchObject({ code: 'STREAM_IN_USE', streamId, fatal: false });
      }
      publisher.send(media.chunks.slice(20));
      await publisher.stop();
      await expectEveryFrame(server().hls(streamId), media);
    });

    it('refuses a text message that is too long, and closes', async () => {
      const client = await server().connect();
      client.send({ type: 'join-stream', streamId: 'a', token: 't'.repeat(300_000) });
      expect(await client.next('error')).toMatchObject({ code: 'TOO_LARGE', fatal: true });
      expect((await client.closed).code).toBe(1009);
    });

    it('refuses a binary message that is too large, and closes', async () => {
      const publisher = await server().publish(newStreamId());
      const { socket, streamId } = publisher;
      const viewer = await server().watch(streamId);
      publisher.send([Buffer.alloc(512 * 1024 + 1)]);
      const error = await socket.next('error');
      expect(error).toMatchObject({ code: 'TOO_LARGE', streamId, fatal: true });
      expect(error.message).toContain(String(512 * 1024));
      expect(await socket.next('stream-stopped')).toMatchObject({ streamId, reason: 'failed' });
      expect((await socket.closed).code).toBe(1009);
      expect((await viewer.next('stream-status')).status).toBe('ended');
      expect((await server().limits()).refused['maxMessageBytes']).toBeGreaterThan(0);
    });

    it('refuses a frame that is too large, with what came before and without a word to others', async () => {
      const media = await generateFrames({ video: 'h264', audio: 'aac' });
      const { format } = media;
      const bystander = await server().publish(newStreamId(), { format });
      bystander.send(messagesOf(framesUntil(media.frames, 2)));
      const publisher = await server().publish(newStreamId(), { format });
      const { socket, streamId } = publisher;
      const viewer = await server().watch(streamId);
      publisher.send(messagesOf(framesUntil(media.frames, 2)));
      const header = { track: 0, key: true, timestamp: 2e6, duration: 0 };
      publisher.send([frameMessage(header, new Uint8Array(512 * 1024 - 15))]);
      const error = await socket.next('error');
      expect(error).toMatchObject({ code: 'TOO_LARGE', streamId, fatal: true });
      expect(error.message).toContain(String(512 * 1024));
      expect(await socket.next('stream-stopped')).toMatchObject({ streamId, reason: 'failed' });
      expect((await socket.closed).code).toBe(1009);
      await viewer.next('stream-status', ({ status }) => status === 'ended');
      expect((await server().hls(streamId).playlist()).ended).toBe(true);
      bystander.send(messagesOf(framesFrom(media.frames, 2)));
      await bystander.acknowledged();
      expect(bystander.socket.all('error')).toEqual([]);
      expect((await bystander.stop()).reason).toBe('stopped');
      await expectEveryFrame(server().hls(bystander.streamId), media);
    });

    it('closes on a message far beyond the limit without taking it in', async () => {
      const { socket } = await server().publish(newStreamId());
      socket.sendBinary(Buffer.alloc(16 * 1024 * 1024));
      expect((await socket.closed).code).toBe(1009);
    });

    it.each(['before it says what it wants', 'that watches'])(
      'refuses a message without an end of a connection %s',
      async (when) => {
        const client = when === 'that watches' ? await server().watch('any') : await server().connect();
        const piece = Buffer.alloc(40 * 1024);
        for (let sent = 0; sent < 3; sent++) {
          client.socket.send(piece, { fin: false });
          client.socket.ping();
        }
        const error = await client.next('error');
        expect(error).toMatchObject({ code: 'TOO_LARGE', fatal: true });
        expect(error.message).toContain('65536');
        expect((await client.closed).code).toBe(1009);
        expect((await server().limits()).refused['maxTextBytes']).toBeGreaterThan(0);
      },
    );

    it('refuses one of a publisher, which may send larger ones', async () => {
      const { socket, streamId } = await server().publish(newStreamId());
      const piece = Buffer.alloc(128 * 1024);
      for (let sent = 0; sent < 10; sent++) socket.socket.send(piece, { fin: false });
      expect(await socket.next('error')).toMatchObject({ code: 'TOO_LARGE', streamId, fatal: true });
      expect(await socket.next('stream-stopped')).toMatchObject({ streamId, reason: 'failed' });
      expect((await socket.closed).code).toBe(1009);
    });

    it('takes a message in pieces, with pings between them', async () => {
      const media = await generateMedia({ container: 'webm', video: 'h264', audio: 'opus' });
      const publisher = await server().publish(newStreamId());
      const file = Buffer.concat(media.chunks);
      for (let at = 0; at < file.length; at += 50_000) {
        publisher.socket.socket.send(file.subarray(at, at + 50_000), { fin: at + 50_000 >= file.length });
        publisher.socket.socket.ping();
      }
      await publisher.stop();
      await expectEveryFrame(server().hls(publisher.streamId), media);
    });

    const noMedia: [string, () => Promise<Uint8Array[]>, string][] = [
      ['random bytes', async () => [randomBytes(1000)], 'UNSUPPORTED_FORMAT'],
      ['text', async () => [Buffer.from('Hello, this is not a video at all.')], 'UNSUPPORTED_FORMAT'],
      ['zeros', async () => [Buffer.alloc(100_000)], 'UNSUPPORTED_FORMAT'],
      [
        'the first bytes of WebM, then random ones',
        async () => [Buffer.from([0x1a, 0x45, 0xdf, 0xa3]), randomBytes(400_000)],
        'TRANSCODER_FAILED|UNSUPPORTED_FORMAT',
      ],
      [
        'the header of a file, then random bytes',
        async () => {
          const { chunks } = await generateMedia({ container: 'webm', video: 'h264', audio: 'opus' });
          return [chunks[0]!, chunks[1]!.subarray(0, 30), randomBytes(400_000)];
        },
        'TRANSCODER_FAILED',
      ],
      [
        'transport packets without content',
        async () => {
          const packet = Buffer.alloc(188, 0xff);
          packet.set([0x47, 0x1f, 0xff, 0x10]);
          return [Buffer.concat(Array.from({ length: 2000 }, () => packet))];
        },
        'TRANSCODER_FAILED|UNSUPPORTED_FORMAT',
      ],
      [
        'a file that has only its header',
        async () =>
          (await generateMedia({ container: 'mp4', video: 'h264', audio: 'aac' })).chunks.slice(0, 1),
        'TRANSCODER_FAILED',
      ],
    ];
    it.each(noMedia)('tells a publisher within 10 s that it sends no media: %s', async (_, bytes, codes) => {
      const publisher = await server().publish(newStreamId());
      const { socket, streamId } = publisher;
      const viewer = await server().watch(streamId);
      publisher.send(await bytes());
      const error = await socket.next('error', undefined, 10_000);
      expect(error).toMatchObject({ streamId, fatal: true });
      expect(error.code).toMatch(new RegExp(`^(${codes})$`));
      expect(await socket.next('stream-stopped')).toMatchObject({ streamId, reason: 'failed' });
      await socket.closed;
      expect((await viewer.next('stream-status')).status).toBe('ended');
      expect((await server().fetch(`/livestream/${streamId}/stream.m3u8`)).status).toBe(404);
    });

    it('tells a publisher whose file is cut off that the stream is over, with all that it had', async () => {
      const { chunks } = await generateMedia({ container: 'webm', video: 'h264', audio: 'opus' });
      const publisher = await server().publish(newStreamId());
      publisher.send([...chunks.slice(0, 20), chunks[20]!.subarray(0, 100)]);
      expect((await publisher.stop()).reason).toBe('stopped');
      const playlist = await server().hls(publisher.streamId).playlist();
      const duration = playlist.segments.reduce((sum, segment) => sum + segment.duration!, 0);
      expect(duration).toBeGreaterThan(1.7);
    });

    it('lets no other stream notice', async () => {
      const media = await generateMedia({ container: 'webm', video: 'h264', audio: 'opus' });
      const bystander = await server().publish(newStreamId('bystander'));
      const sending = bystander.sendInRealTime(media.chunks, media.seconds);
      const misbehaviour = noMedia.map(async ([, bytes]) => {
        const publisher = await server().publish(newStreamId());
        publisher.send(await bytes());
        await publisher.socket.closed;
      });
      const tooLarge = await server().publish(newStreamId());
      tooLarge.send([Buffer.alloc(600_000)]);
      const vanishing = await server().publish(newStreamId());
      vanishing.send(media.chunks.slice(0, 10));
      vanishing.socket.terminate();
      await Promise.all([...misbehaviour, tooLarge.socket.closed, sending]);
      await bystander.acknowledged();
      expect(bystander.socket.all('error')).toEqual([]);
      expect((await bystander.stop()).reason).toBe('stopped');
      await expectEveryFrame(server().hls(bystander.streamId), media);
    });
  });
}
