import { describe, expect, it } from 'vitest';
import type { ServerMessage } from '../../../server/protocol.js';
import { generateMedia } from '../../helpers/media.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer } from '../server.js';

const recipe = { container: 'webm', video: 'h264', audio: 'opus' } as const;

export function viewers(startHost: StartHost): void {
  describe.concurrent('viewers', () => {
    const server = useServer(startHost, { limits: { graceTime: 1, maxCommandRate: 1000 } });

    it('may join before the stream is live, and are told what becomes of it', async () => {
      const streamId = newStreamId();
      const viewer = await server().connect();
      viewer.send({ type: 'join-stream', streamId, token: 'none-is-needed' });
      expect(await viewer.next('stream-joined')).toEqual({
        type: 'stream-joined',
        streamId,
        status: 'waiting',
        viewers: 1,
      });
      const publisher = await server().publish(streamId);
      publisher.send((await generateMedia(recipe)).chunks);
      expect(await viewer.next('stream-status')).toEqual({ type: 'stream-status', streamId, status: 'live' });
      // "live" means that there is something to play.
      expect((await server().hls(streamId).playlist()).segments.length).toBeGreaterThan(0);
      await publisher.stop();
      expect(await viewer.next('stream-status')).toEqual({
        type: 'stream-status',
        streamId,
        status: 'ended',
      });

      const late = await server().connect();
      late.send({ type: 'join-stream', streamId });
      expect(await late.next('stream-joined')).toMatchObject({ status: 'ended', viewers: 2 });
    });

    it('are told when a stream that ended starts again', async () => {
      const media = await generateMedia(recipe);
      const streamId = newStreamId();
      const viewer = await server().watch(streamId);
      for (let round = 0; round < 2; round++) {
        const publisher = await server().publish(streamId);
        publisher.send(media.chunks);
        await viewer.next('stream-status', ({ status }) => status === 'live');
        await publisher.stop();
        await viewer.next('stream-status', ({ status }) => status === 'ended');
      }
    });

    it('who join later are told the status and the count', async () => {
      const publisher = await server().publish(newStreamId());
      const { streamId } = publisher;
      const first = await server().watch(streamId);
      publisher.send((await generateMedia(recipe)).chunks.slice(0, 20));
      await first.next('stream-status', ({ status }) => status === 'live');
      const second = await server().connect();
      second.send({ type: 'join-stream', streamId });
      expect(await second.next('stream-joined')).toMatchObject({ status: 'live', viewers: 2 });
      publisher.socket.terminate();
      await first.next('stream-status', ({ status }) => status === 'reconnecting');
      const third = await server().connect();
      third.send({ type: 'join-stream', streamId });
      expect(await third.next('stream-joined')).toMatchObject({ status: 'reconnecting', viewers: 3 });
    });

    it('are counted as they join, leave, disconnect and vanish', async () => {
      const { socket, streamId } = await server().publish(newStreamId());
      const counted = (count: number) => socket.next('viewer-count', (message) => message.count === count);
      const first = await server().watch(streamId);
      expect(await counted(1)).toEqual({ type: 'viewer-count', streamId, count: 1 });
      const second = await server().watch(streamId);
      const third = await server().watch(streamId);
      await counted(3);
      await second.next('viewer-count', ({ count }) => count === 3);

      first.send({ type: 'leave-stream', streamId });
      await counted(2);
      await third.next('viewer-count', ({ count }) => count === 2);
      await second.close();
      await counted(1);
      third.terminate();
      await counted(0);
      const state = (await (await server().fetch(`/livestream/${streamId}`)).json()) as { viewers: number };
      expect(state.viewers).toBe(0);
    });

    it('are told nothing more once they left', async () => {
      const publisher = await server().publish(newStreamId());
      const { streamId } = publisher;
      const stays = await server().watch(streamId);
      const leaves = await server().watch(streamId);
      leaves.send({ type: 'leave-stream', streamId });
      await leaves.roundTrip();
      const before = leaves.arrivals.filter(({ message }) => isAbout(message, streamId)).length;
      publisher.send((await generateMedia(recipe)).chunks);
      await publisher.stop();
      await stays.next('stream-status', ({ status }) => status === 'ended');
      await leaves.roundTrip();
      expect(leaves.arrivals.filter(({ message }) => isAbout(message, streamId))).toHaveLength(before);
    });

    it('count once however often they join, and may leave what they never joined', async () => {
      const streamId = newStreamId();
      const viewer = await server().connect();
      viewer.send({ type: 'leave-stream', streamId });
      for (let round = 0; round < 3; round++) {
        viewer.send({ type: 'join-stream', streamId });
        expect((await viewer.next('stream-joined')).viewers).toBe(1);
      }
      viewer.send({ type: 'leave-stream', streamId });
      viewer.send({ type: 'leave-stream', streamId });
      viewer.send({ type: 'join-stream', streamId });
      expect((await viewer.next('stream-joined')).viewers).toBe(1);
      expect(viewer.all('error')).toEqual([]);
    });

    it('may watch any number of streams on one connection', async () => {
      const streamIds = Array.from({ length: 20 }, () => newStreamId());
      const viewer = await server().connect();
      for (const streamId of streamIds) viewer.send({ type: 'join-stream', streamId });
      for (const streamId of streamIds)
        await viewer.next('stream-joined', (joined) => joined.streamId === streamId);
      const publisher = await server().publish(streamIds[7]!);
      publisher.send((await generateMedia(recipe)).chunks);
      expect((await viewer.next('stream-status')).streamId).toBe(streamIds[7]);

      const witness = await server().connect();
      witness.send({ type: 'join-stream', streamId: streamIds[3]! });
      expect((await witness.next('stream-joined')).viewers).toBe(2);
      viewer.terminate();
      await witness.next('viewer-count', ({ streamId, count }) => streamId === streamIds[3] && count === 1);
    });

    it('are told in the end what the count is, however fast it goes up and down', async () => {
      const streamId = newStreamId();
      const first = await server().watch(streamId);
      const second = await server().connect();
      second.send({ type: 'join-stream', streamId });
      expect((await second.next('stream-joined')).viewers).toBe(2);
      first.send({ type: 'leave-stream', streamId });
      await second.next('viewer-count', ({ count }) => count === 1, 3000);
    });

    it('may be publishers too', async () => {
      const { socket, streamId } = await server().publish(newStreamId());
      socket.send({ type: 'join-stream', streamId });
      expect(await socket.next('stream-joined')).toMatchObject({ status: 'waiting', viewers: 1 });
      await socket.next('viewer-count', ({ count }) => count === 1);
      socket.send({ type: 'leave-stream', streamId });
      await socket.next('viewer-count', ({ count }) => count === 0);
      // Told once, though it is both.
      const counts = socket.all('viewer-count').map(({ count }) => count);
      expect(counts.filter((count) => count === 1)).toHaveLength(1);
    });

    it('are announced at most twice a second', async () => {
      const { socket, streamId } = await server().publish(newStreamId());
      await socket.roundTrip();
      const announced = () => socket.all('viewer-count').filter((each) => each.streamId === streamId).length;
      const from = announced();
      const start = performance.now();
      const crowd = await Promise.all(Array.from({ length: 30 }, () => server().watch(streamId)));
      await socket.next('viewer-count', ({ count }) => count === 30);
      for (const viewer of crowd) viewer.terminate();
      await socket.next('viewer-count', ({ count }) => count === 0);
      const seconds = (performance.now() - start) / 1000;
      expect(announced() - from).toBeLessThanOrEqual(1 + 2 * seconds);
    });
  });
}

function isAbout(message: ServerMessage, streamId: string): boolean {
  return 'streamId' in message && message.streamId === streamId;
}
