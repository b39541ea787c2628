import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateMedia } from '../../helpers/media.js';
import { expectEveryFrame } from '../frames.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, Server } from '../server.js';

const recipe = { container: 'webm', video: 'h264', audio: 'opus' } as const;

export function shuttingDown(startHost: StartHost): void {
  describe('shutting down', () => {
    let server: Server;
    beforeEach(async () => {
      server = new Server(await startHost({}));
    });
    afterEach(() => server.close());

    it('publishes what it holds, ends playlists, tells everyone and closes', async () => {
      const media = await generateMedia(recipe);
      const publisher = await server.publish(newStreamId());
      const { streamId, socket } = publisher;
      const viewer = await server.watch(streamId);
      const hls = server.hls(streamId);
      publisher.send(media.chunks);
      await publisher.acknowledged();
      const end = hls.playlistWhere(({ ended }) => ended);
      await server.shutDown();

      expect(await socket.next('stream-stopped')).toEqual({
        type: 'stream-stopped',
        streamId,
        reason: 'shutdown',
      });
      expect((await socket.closed).code).toBe(1001);
      await viewer.next('stream-status', ({ status }) => status === 'ended');
      expect((await viewer.closed).code).toBe(1001);
      expect((await end).ended).toBe(true);
      await expectEveryFrame(hls, media);
    });

    it('ends a stream that waits for its publisher', async () => {
      const publisher = await server.publish(newStreamId());
      const viewer = await server.watch(publisher.streamId);
      publisher.send((await generateMedia(recipe)).chunks.slice(0, 20));
      await viewer.next('stream-status', ({ status }) => status === 'live');
      publisher.socket.terminate();
      await viewer.next('stream-status', ({ status }) => status === 'reconnecting');
      await server.shutDown();
      await viewer.next('stream-status', ({ status }) => status === 'ended');
      expect((await server.hls(publisher.streamId).playlist()).ended).toBe(true);
    });

    it('waits for streams that are being stopped', async () => {
      const media = await generateMedia(recipe);
      const publisher = await server.publish(newStreamId());
      const hls = server.hls(publisher.streamId);
      publisher.send(media.chunks);
      await hls.mediaUrl();
      await publisher.acknowledged();
      publisher.socket.send({ type: 'stop-stream', streamId: publisher.streamId });
      await server.shutDown();
      expect((await hls.playlist()).ended).toBe(true);
      await expectEveryFrame(hls, media);
    });

    it('is not ready any more, and starts nothing new', async () => {
      await server.shutDown();
      expect((await server.fetch('/readyz')).status).toBe(503);
      expect((await server.fetch('/healthz')).status).toBe(200);
      const late = await server.connect();
      late.send({ type: 'start-stream', streamId: newStreamId() });
      expect(await late.next('error')).toMatchObject({ code: 'SHUTTING_DOWN', fatal: true });
      expect((await late.closed).code).toBe(1013);
    });

    it('lets nobody join any more: who comes back at once is for the next server', async () => {
      await server.shutDown();
      const late = await server.connect();
      late.send({ type: 'join-stream', streamId: newStreamId() });
      expect(await late.next('error')).toMatchObject({ code: 'SHUTTING_DOWN', fatal: true });
      expect((await late.closed).code).toBe(1013);
    });

    it('can be asked to more than once', async () => {
      await Promise.all([server.shutDown(), server.shutDown()]);
      await server.shutDown();
    });
  });
}
