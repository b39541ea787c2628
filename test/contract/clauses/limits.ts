import { describe, expect, it } from 'vitest';
import { generateMedia } from '../../helpers/media.js';
import { SocketClient } from '../../helpers/socket-client.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer } from '../server.js';

export function limits(startHost: StartHost): void {
  describe('limits', () => {
    const server = useServer(startHost, {
      limits: {
        ...{ silenceTime: 1, graceTime: 10, maxCommandRate: 10, maxMessageRate: 20, maxBitrate: 1_000_000 },
        ...{ maxStreams: 3, maxJoins: 4 },
      },
    });

    it('disconnects a publisher that goes silent; it may resume', async () => {
      const { chunks } = await generateMedia({ container: 'webm', video: 'h264', audio: 'opus', seconds: 2 });
      const publisher = await server().publish(newStreamId());
      const { socket, streamId } = publisher;
      const viewer = await server().watch(streamId);
      publisher.send(chunks.slice(0, 15));
      const error = await socket.next('error');
      expect(error).toMatchObject({ code: 'NOT_STREAMING', streamId, fatal: true });
      expect(error.message).toContain('resume');
      expect((await socket.closed).code).toBe(4408);
      await viewer.next('stream-status', ({ status }) => status === 'reconnecting');

      const { received } = await publisher.resume();
      expect(received).toBe(15);
      await viewer.next('stream-status', ({ status }) => status === 'live');
      publisher.send(chunks.slice(15));
      expect((await publisher.stop()).reason).toBe('stopped');
    });

    it('disconnects a publisher that never sends anything', async () => {
      const { socket, streamId } = await server().publish(newStreamId());
      expect(await socket.next('error')).toMatchObject({ code: 'NOT_STREAMING', streamId, fatal: true });
      expect((await socket.closed).code).toBe(4408);
      // Makes room: the stream would wait for its publisher.
      await (await server().publish(streamId)).stop();
    });

    it('ends a stream that floods with messages', async () => {
      const publisher = await server().publish(newStreamId());
      const { socket, streamId } = publisher;
      const viewer = await server().watch(streamId);
      const { chunks } = await generateMedia({ container: 'webm', video: 'h264', audio: 'opus' });
      const header = chunks[0]!;
      publisher.send(Array.from({ length: 400 }, (_, index) => header.subarray(index, index + 1)));
      const error = await socket.next('error');
      expect(error).toMatchObject({ code: 'RATE_LIMITED', streamId, fatal: true, retryAfter: 10 });
      expect(error.message).toContain('20 messages a second');
      expect(await socket.next('stream-stopped')).toMatchObject({ streamId, reason: 'failed' });
      expect((await socket.closed).code).toBe(1008);
      expect((await viewer.next('stream-status')).status).toBe('ended');
    });

    it('ends a stream that floods with bytes', async () => {
      const { chunks } = await generateMedia({ container: 'webm', video: 'h264', audio: 'opus' });
      const publisher = await server().publish(newStreamId());
      const { socket, streamId } = publisher;
      publisher.send([chunks[0]!, ...Array.from({ length: 4 }, () => Buffer.alloc(500_000))]);
      expect(await socket.next('error')).toMatchObject({ code: 'RATE_LIMITED', streamId, fatal: true });
      expect(await socket.next('stream-stopped')).toMatchObject({ streamId, reason: 'failed' });
      expect((await socket.closed).code).toBe(1008);
    });

    it('closes a connection that floods with text', async () => {
      const client = await SocketClient.open(server().socketUrl);
      for (let index = 0; index < 200; index++) client.send({ type: 'leave-stream', streamId: 'a' });
      const error = await client.next('error');
      expect(error).toMatchObject({ code: 'RATE_LIMITED', fatal: true, retryAfter: 5 });
      expect((await client.closed).code).toBe(1008);
      expect(client.all('error')).toHaveLength(1);
    });

    it.each(['ping', 'pong'] as const)('closes a connection that floods with %ss', async (kind) => {
      const client = await SocketClient.open(server().socketUrl);
      for (let index = 0; index < 200; index++) client.socket[kind]();
      const error = await client.next('error');
      expect(error).toMatchObject({ code: 'RATE_LIMITED', fatal: true, retryAfter: 5 });
      expect((await client.closed).code).toBe(1008);
    });

    it('closes a connection that floods with data before start-stream', async () => {
      const client = await SocketClient.open(server().socketUrl);
      for (let index = 0; index < 200; index++) client.sendBinary(Buffer.alloc(1));
      await client.next('error', ({ code, fatal }) => code === 'RATE_LIMITED' && fatal);
      expect((await client.closed).code).toBe(1008);
    });

    it('carries no more streams than it may', async () => {
      const { chunks } = await generateMedia({ container: 'webm', video: 'h264', seconds: 1 });
      const publishers = await Promise.all([1, 2, 3].map(() => server().publish(newStreamId())));
      const refused = await server().connect();
      const streamId = newStreamId();
      refused.send({ type: 'start-stream', streamId });
      const error = await refused.next('error');
      expect(error).toMatchObject({ code: 'SERVER_FULL', streamId, fatal: true, retryAfter: 5 });
      expect((await refused.closed).code).toBe(1013);

      // An ended stream can still be watched, and does not count.
      publishers[0]!.send(chunks);
      await publishers[0]!.stop();
      const welcome = await server().publish(newStreamId());
      await Promise.all([...publishers.slice(1), welcome].map((publisher) => publisher.stop()));
    });

    it('lets a connection join no more streams than it may', async () => {
      const client = await server().connect();
      for (const streamId of ['a', 'b', 'c', 'd']) {
        client.send({ type: 'join-stream', streamId });
        await client.next('stream-joined');
      }
      // Joining again and leaving take no more.
      client.send({ type: 'join-stream', streamId: 'a' });
      await client.next('stream-joined');
      client.send({ type: 'leave-stream', streamId: 'b' });
      client.send({ type: 'join-stream', streamId: 'e' });
      await client.next('stream-joined');
      client.send({ type: 'join-stream', streamId: 'f' });
      expect(await client.next('error')).toMatchObject({
        ...{ code: 'RATE_LIMITED', streamId: 'f', fatal: false, retryAfter: 5 },
      });
      // What it has joined goes on, and one that it leaves makes room.
      client.send({ type: 'leave-stream', streamId: 'e' });
      client.send({ type: 'join-stream', streamId: 'f' });
      await client.next('stream-joined', ({ streamId }) => streamId === 'f');
    });

    it('are counted by name', async () => {
      expect((await server().limits()).refused).toMatchObject({
        ...{ silenceTime: expect.any(Number), maxMessageRate: 1, maxBitrate: 1 },
        ...{ maxCommandRate: 4, maxStreams: 1, maxJoins: 1 },
      });
    });
  });
}
