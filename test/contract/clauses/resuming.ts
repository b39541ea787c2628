import { describe, expect, it } from 'vitest';
import { generateMedia } from '../../helpers/media.js';
import type { Publisher } from '../../helpers/publisher.js';
import { expectEveryFrame } from '../frames.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer } from '../server.js';

const recipe = { container: 'webm', video: 'h264', audio: 'opus' } as const;

export function resuming(startHost: StartHost): void {
  describe.concurrent('resuming', () => {
    const server = useServer(startHost);

    it('goes on after the connection broke: nothing is lost, nothing is doubled', async () => {
      const media = await generateMedia(recipe);
      const publisher = await server().publish(newStreamId());
      const { streamId, started } = publisher;
      const viewer = await server().watch(streamId);
      publisher.send(media.chunks.slice(0, 15));
      await viewer.next('stream-status', ({ status }) => status === 'live');
      publisher.socket.terminate();
      await viewer.next('stream-status', ({ status }) => status === 'reconnecting');

      const resumed = await publisher.resume();
      expect(resumed).toMatchObject({
        streamId,
        playbackUrl: started.playbackUrl,
        resumeToken: expect.any(String),
      });
      expect(resumed.received).toBeLessThanOrEqual(15);
      expect(await viewer.next('stream-status')).toMatchObject({ status: 'live' });
      publisher.send(media.chunks.slice(15));
      await publisher.acknowledged();
      await publisher.stop();

      await expectEveryFrame(server().hls(streamId), media);
      const playlist = await server().hls(streamId).playlist();
      expect(playlist.segments.some(({ discontinuity }) => discontinuity)).toBe(false);
      expect(viewer.all('stream-status').map(({ status }) => status)).toEqual([
        'live',
        'reconnecting',
        'live',
        'ended',
      ]);
    });

    it('goes on however often the connection breaks, in the midst of sending', async () => {
      const media = await generateMedia(recipe);
      const publisher = await server().publish(newStreamId());
      let before = 0;
      for (let cut = 8; cut < media.chunks.length; cut += 8) {
        publisher.send(media.chunks.slice(cut - 8, cut));
        // Some of these messages are on their way and never arrive.
        if (cut % 16 === 0) publisher.socket.socket.close();
        else publisher.socket.terminate();
        const { received } = await publisher.resume();
        expect(received).toBeGreaterThanOrEqual(before);
        expect(received).toBeLessThanOrEqual(publisher.sent);
        before = received;
      }
      publisher.send(media.chunks.slice(publisher.sent));
      await publisher.stop();
      await expectEveryFrame(server().hls(publisher.streamId), media);
    });

    it('has whatever it acknowledged', async () => {
      const media = await generateMedia(recipe);
      const publisher = await server().publish(newStreamId());
      publisher.send(media.chunks.slice(0, 10));
      const { received } = await publisher.socket.next('ack');
      publisher.socket.terminate();
      expect((await publisher.resume()).received).toBeGreaterThanOrEqual(received);
    });

    it('gives the stream to a second connection with the token while the first is still open', async () => {
      const media = await generateMedia(recipe);
      const publisher = await server().publish(newStreamId());
      const { streamId, socket: old } = publisher;
      const viewer = await server().watch(streamId);
      publisher.send(media.chunks.slice(0, 20));
      await publisher.resume();
      expect(await old.next('stream-stopped')).toEqual({
        type: 'stream-stopped',
        streamId,
        reason: 'replaced',
      });
      expect((await old.closed).code).toBe(4409);
      publisher.send(media.chunks.slice(20));
      await publisher.stop();
      await expectEveryFrame(server().hls(streamId), media);
      await viewer.next('stream-status', ({ status }) => status === 'ended');
      // The end of the replaced connection is not the publisher's.
      expect(viewer.all('stream-status').map(({ status }) => status)).toEqual(['live', 'ended']);
    });

    const strangeTokens: [string, (other: Publisher) => object][] = [
      ['an unknown token', () => ({ resume: { token: 'a-token-of-yesterday' } })],
      ["another stream's token", (other) => ({ resume: { token: other.started.resumeToken } })],
      ['no token', () => ({})],
    ];
    it.each(strangeTokens)(
      'starts afresh with %s: viewers see a discontinuity, not an end',
      async (_, fields) => {
        const media = await generateMedia(recipe);
        const other = await server().publish(newStreamId('other'));
        const first = await server().publish(newStreamId());
        const { streamId } = first;
        const viewer = await server().watch(streamId);
        const hls = server().hls(streamId);
        first.send(media.chunks.slice(0, 25));
        await first.acknowledged();
        await hls.playlistWhere(({ segments }) => segments.length >= 2);
        first.socket.terminate();
        await viewer.next('stream-status', ({ status }) => status === 'reconnecting');

        const second = await server().publish(streamId, fields(other));
        expect(second.started.received).toBe(0);
        expect(second.started.resumeToken).not.toBe(first.started.resumeToken);
        second.send(media.chunks);
        await second.acknowledged();
        await second.stop();
        await viewer.next('stream-status', ({ status }) => status === 'ended');
        expect(viewer.all('stream-status').map(({ status }) => status)).toEqual([
          'live',
          'reconnecting',
          'live',
          'ended',
        ]);

        // The same playlist goes on: the first run's segments, then the second's, which is whole.
        const playlist = await hls.playlist();
        const joint = playlist.segments.findIndex(({ discontinuity }) => discontinuity);
        expect(joint).toBeGreaterThan(0);
        expect(playlist.segments.filter(({ discontinuity }) => discontinuity)).toHaveLength(1);
        expect(playlist.segments[joint]!.map).toBeDefined();
        expect(playlist.segments[joint]!.programDateTime).toBeDefined();
        await expectEveryFrame(hls, media, joint);

        // Nothing happened to the stream whose token it was.
        await other.socket.roundTrip();
        expect(other.socket.all('stream-stopped')).toEqual([]);
        await other.close();
      },
    );

    it('knows no token any more once the stream is over', async () => {
      const publisher = await server().publish(newStreamId());
      const token = publisher.started.resumeToken;
      publisher.send((await generateMedia(recipe)).chunks.slice(0, 10));
      await publisher.stop();
      const again = await server().publish(publisher.streamId, { resume: { token } });
      expect(again.started.received).toBe(0);
      expect(again.started.resumeToken).not.toBe(token);
    });
  });

  describe.concurrent('the grace time', () => {
    const server = useServer(startHost, { limits: { graceTime: 1 } });

    it('ends a stream whose publisher does not come back', async () => {
      const publisher = await server().publish(newStreamId());
      const { streamId } = publisher;
      const viewer = await server().watch(streamId);
      const hls = server().hls(streamId);
      publisher.send((await generateMedia(recipe)).chunks.slice(0, 25));
      await publisher.acknowledged();
      await hls.playlistWhere(({ segments }) => segments.length > 0);
      publisher.socket.terminate();
      await viewer.next('stream-status', ({ status }) => status === 'reconnecting');
      // A player that waits for the next part is told at once.
      await hls.playlistWhere(({ ended }) => ended);
      expect(await viewer.next('stream-status')).toMatchObject({ status: 'ended' });

      const late = await server().publish(streamId, { resume: { token: publisher.started.resumeToken } });
      expect(late.started.received).toBe(0);
    });

    it('ends a stream that never sent anything', async () => {
      const publisher = await server().publish(newStreamId());
      const viewer = await server().watch(publisher.streamId);
      publisher.socket.terminate();
      expect(await viewer.next('stream-status')).toMatchObject({ status: 'ended' });
    });

    it('does not end a stream that was resumed', async () => {
      const media = await generateMedia(recipe);
      const publisher = await server().publish(newStreamId());
      const viewer = await server().watch(publisher.streamId);
      publisher.send(media.chunks.slice(0, 15));
      await viewer.next('stream-status', ({ status }) => status === 'live');
      publisher.socket.terminate();
      await viewer.next('stream-status', ({ status }) => status === 'reconnecting');
      await publisher.resume();
      // Longer than the grace time.
      await publisher.sendInRealTime(media.chunks.slice(15), 1.5);
      expect((await publisher.stop()).reason).toBe('stopped');
      await expectEveryFrame(server().hls(publisher.streamId), media);
    });
  });
}
