import { describe, expect, it } from 'vitest';
import { generateFrames, messagesOf } from '../../helpers/frames.js';
import { nextPart } from '../../helpers/hls-client.js';
import { generateMedia } from '../../helpers/media.js';
import { Publisher } from '../../helpers/publisher.js';
import type { StartHost } from '../implementation.js';
import { from, newStreamId, useServer, type Server } from '../server.js';
import { expectProblem } from './playlists.js';

/** Two addresses for documentation (RFC 5737). */
const HERE = '192.0.2.1';
const THERE = '198.51.100.1';

const recipe = { video: 'h264', audio: 'aac', seconds: 3 } as const;

/** A stream of frames that can be played, whose publisher sends no more for now. */
async function publishFrames(server: Server, address?: string): Promise<Publisher> {
  const { format, frames } = await generateFrames(recipe);
  const socket = await server.connect(from(address));
  const publisher = await Publisher.startOn(socket, server.socketUrl, newStreamId(), { format });
  publisher.send(messagesOf(frames));
  await socket.next('stream-status', ({ status }) => status === 'live');
  await publisher.acknowledged();
  return publisher;
}

async function expectRetry(response: Response, status: 429 | 503, seconds: number): Promise<void> {
  expect(response.headers.get('retry-after')).toBe(String(seconds));
  await expectProblem(response, status);
}

export function quotas(startHost: StartHost): void {
  describe('as many as there may be', () => {
    const server = useServer(startHost, {
      addresses: true,
      limits: {
        ...{ maxStreams: 3, maxStreamsPerAddress: 1, maxViewers: 3, maxViewersPerAddress: 2 },
        ...{ maxLiveViewers: 2, maxLiveViewersPerAddress: 1, maxUrlLength: 300 },
        ...{ maxWaitingRequests: 3, maxWaitingRequestsPerStream: 2, maxWaitingRequestsPerAddress: 1 },
      },
    });

    it('streams of an address: another one may publish, and who resumes is never refused', async () => {
      const first = await publishFrames(server(), HERE);
      const refused = await server().connect(from(HERE));
      const streamId = newStreamId();
      refused.send({ type: 'start-stream', streamId });
      expect(await refused.next('error')).toMatchObject({
        ...{ code: 'RATE_LIMITED', streamId, fatal: true, retryAfter: 5 },
        message: 'there are 1 streams from your address, the most there may be; try again when one has ended',
      });
      expect((await refused.closed).code).toBe(1013);
      const other = await publishFrames(server(), THERE);
      expect((await server().limits()).used).toMatchObject({ maxStreams: 2, maxStreamsPerAddress: 1 });

      const back = await server().connect(from(HERE));
      const resume = { token: first.started.resumeToken };
      back.send({ type: 'start-stream', streamId: first.streamId, resume });
      expect((await back.next('stream-started')).received).toBe(first.sent);
      back.send({ type: 'stop-stream', streamId: first.streamId });
      await back.next('stream-stopped');
      await other.stop();
      await (await publishFrames(server(), HERE)).stop();
    });

    it('viewers, of an address and of the server', async () => {
      const streamId = newStreamId();
      const join = async (address: string) => {
        const viewer = await server().connect(from(address));
        viewer.send({ type: 'join-stream', streamId });
        return viewer;
      };
      const here = [await join(HERE), await join(HERE)];
      for (const viewer of here) await viewer.next('stream-joined');
      const tooMany = await join(HERE);
      expect(await tooMany.next('error')).toMatchObject({
        ...{ code: 'RATE_LIMITED', streamId, fatal: true, retryAfter: 5 },
      });
      expect((await tooMany.closed).code).toBe(1013);
      const there = await join(THERE);
      await there.next('stream-joined');
      const full = await join(THERE);
      expect(await full.next('error')).toMatchObject({ code: 'SERVER_FULL', fatal: true, retryAfter: 5 });
      expect((await full.closed).code).toBe(1013);
      expect((await server().limits()).used).toMatchObject({ maxViewers: 3, maxViewersPerAddress: 2 });

      // What else a connection does goes on.
      here[0]!.send({ type: 'join-stream', streamId: newStreamId() });
      expect(await here[0]!.next('error')).toMatchObject({ fatal: false, retryAfter: 5 });
      // Joining again takes no more, leaving and closing make room.
      here[0]!.send({ type: 'join-stream', streamId });
      await here[0]!.next('stream-joined');
      here[0]!.send({ type: 'leave-stream', streamId });
      await here[1]!.close();
      await expect.poll(async () => (await server().limits()).used['maxViewers']).toBe(1);
      await (await join(HERE)).next('stream-joined');
    });

    it('requests that wait: of an address, of a stream, of the server', async () => {
      const [one, two] = [await publishFrames(server()), await publishFrames(server())];
      const hls = server().hls(one.streamId);
      const wanted = nextPart(await hls.playlist());
      const ask = (address?: string): Promise<Response> => hls.request(wanted, { headers: from(address) });
      const waiting = [ask(HERE)];
      await server().holds(1);
      await expectRetry(await ask(HERE), 429, 1);
      waiting.push(ask(THERE));
      await server().holds(2);
      await expectRetry(await ask(), 503, 1);
      const other = server().hls(two.streamId);
      const next = nextPart(await other.playlist());
      waiting.push(other.request(next));
      await server().holds(3);
      // Neither is a part that is hinted worth more, nor the beginning of live.mp4.
      await expectRetry(await other.request(next), 503, 1);
      const hint = (await other.playlist()).hint!;
      await expectRetry(await other.media(hint), 503, 1);
      const { format } = await generateFrames(recipe);
      const silent = await server().publish(newStreamId(), { format });
      await expectRetry(await server().fetch(`/livestream/${silent.streamId}/live.mp4`), 503, 1);
      expect((await server().limits()).used).toMatchObject({
        ...{ maxWaitingRequests: 3, maxWaitingRequestsPerStream: 2, maxWaitingRequestsPerAddress: 1 },
      });
      // What is there already is nobody's wait.
      expect((await hls.request({ msn: 1 }, { headers: from(HERE) })).status).toBe(200);

      await Promise.all([one, two, silent].map((publisher) => publisher.stop()));
      for (const response of await Promise.all(waiting)) expect(response.status).toBe(200);
      expect((await server().limits()).used).toMatchObject({ maxWaitingRequests: 0 });
    });

    it('viewers of live.mp4, of an address and of the server', async () => {
      const { streamId } = await publishFrames(server());
      const watch = (address?: string): Promise<Response> =>
        server().fetch(`/livestream/${streamId}/live.mp4`, { headers: from(address) });
      const here = await watch(HERE);
      expect(here.status).toBe(200);
      await expectRetry(await watch(HERE), 429, 5);
      const there = await watch(THERE);
      expect(there.status).toBe(200);
      await expectRetry(await watch(), 503, 5);
      expect((await server().limits()).used).toMatchObject({
        maxLiveViewers: 2,
        maxLiveViewersPerAddress: 1,
      });
      await here.body!.cancel();
      await expect.poll(async () => (await server().limits()).used['maxLiveViewers']).toBe(1);
      await there.body!.cancel();
    });

    it('characters of a URL', async () => {
      const query = `?audio=${'a'.repeat(300)}`;
      for (const path of ['/x/stream.m3u8', '/x/source/y.m3u8', '/x/live.mp4', '/x', '/ws']) {
        await expectProblem(await server().fetch(`/livestream${path}${query}`), 414);
      }
      for (const path of ['/embed/x', '/api/keys']) {
        await expectProblem(await server().fetch(`${path}${query}`), 414);
      }
    });

    it('are counted by name', async () => {
      expect((await server().limits()).refused).toEqual({
        ...{ maxStreamsPerAddress: 1, maxViewersPerAddress: 2, maxViewers: 1 },
        ...{ maxWaitingRequestsPerAddress: 1, maxWaitingRequestsPerStream: 1, maxWaitingRequests: 3 },
        ...{ maxLiveViewersPerAddress: 1, maxLiveViewers: 1, maxUrlLength: 7 },
      });
    });
  });

  describe('as much as there may be', () => {
    const server = useServer(startHost, {
      limits: { idleTime: 0.5, maxIdleConnections: 3, maxStreamTime: 1, maxPixels: 320 * 180 },
    });

    it('time for a connection that neither publishes nor watches', async () => {
      const silent = await server().connect();
      const viewer = await server().watch(newStreamId());
      expect(await silent.next('error')).toMatchObject({ code: 'NOT_STREAMING', fatal: true });
      expect((await silent.closed).code).toBe(1008);
      // One that has left is silent again.
      viewer.send({ type: 'leave-stream', streamId: 'none' });
      await viewer.roundTrip();
      expect(viewer.all('error')).toEqual([]);
      viewer.send({ type: 'leave-stream', streamId: viewer.all('stream-joined')[0]!.streamId });
      expect(await viewer.next('error')).toMatchObject({ code: 'NOT_STREAMING', fatal: true });
    });

    it('connections that say nothing: the oldest makes way', async () => {
      const first = await server().connect();
      const others = await Promise.all([1, 2, 3].map(() => server().connect()));
      expect(await first.next('error')).toMatchObject({ code: 'RATE_LIMITED', fatal: true, retryAfter: 5 });
      expect((await first.closed).code).toBe(1013);
      const streamId = newStreamId();
      others[2]!.send({ type: 'join-stream', streamId });
      await others[2]!.next('stream-joined');
    });

    it('time for a stream: it ends properly', async () => {
      const { format, frames } = await generateFrames(recipe);
      const publisher = await server().publish(newStreamId(), { format });
      publisher.send(messagesOf(frames));
      await publisher.acknowledged();
      const timer = setInterval(() => publisher.send([frames.at(-1)!.message]), 100);
      const error = await publisher.socket.next('error', ({ code }) => code === 'RATE_LIMITED');
      expect(error).toMatchObject({ fatal: false, retryAfter: 1 });
      expect(error.message).toContain('has lasted 1 s');
      expect((await publisher.socket.next('stream-stopped')).reason).toBe('timed-out');
      clearInterval(timer);
      expect((await server().hls(publisher.streamId).playlist()).ended).toBe(true);
    });

    it('pixels of frames', async () => {
      const { format, frames } = await generateFrames({ video: 'h264', seconds: 1, size: '322x180' });
      const streamId = newStreamId();
      const refused = await server().connect();
      refused.send({ type: 'start-stream', streamId, format });
      const error = await refused.next('error');
      expect(error).toMatchObject({ code: 'TOO_LARGE', streamId, fatal: true });
      expect(error.message).toContain('322×180 has 57960 pixels; the most is 57600');
      expect((await refused.closed).code).toBe(1009);

      const [small] = (await generateFrames({ video: 'h264', seconds: 1 })).format.tracks;
      const publisher = await server().publish(newStreamId(), {
        format: { kind: 'frames', tracks: [small!] },
      });
      publisher.socket.send({ type: 'track-config', streamId: publisher.streamId, track: format.tracks[0]! });
      publisher.send(messagesOf(frames));
      expect(await publisher.socket.next('error')).toMatchObject({ code: 'TOO_LARGE', fatal: true });
      expect((await publisher.socket.next('stream-stopped')).reason).toBe('failed');
    });

    it('pixels of a file', async () => {
      const { chunks } = await generateMedia({
        container: 'webm',
        video: 'h264',
        seconds: 1,
        size: '322x180',
      });
      const publisher = await server().publish(newStreamId());
      publisher.send(chunks);
      expect(await publisher.socket.next('error')).toMatchObject({ code: 'TOO_LARGE', fatal: true });
      expect((await publisher.socket.next('stream-stopped')).reason).toBe('failed');
      expect((await publisher.socket.closed).code).toBe(1009);
    });

    it('are counted by name', async () => {
      expect((await server().limits()).refused).toMatchObject({
        ...{ idleTime: expect.any(Number), maxIdleConnections: 1, maxStreamTime: 1, maxPixels: 3 },
      });
    });
  });
}
