import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sampleDigest, servedSamples } from '../../helpers/encoded-samples.js';
import {
  framesFrom,
  framesUntil,
  generateFrames,
  messagesOf,
  type Frame,
  type Frames,
} from '../../helpers/frames.js';
import { HlsClient, type Playlist } from '../../helpers/hls-client.js';
import { frameDigests, generateMedia, sourceDigests } from '../../helpers/media.js';
import type { Publisher } from '../../helpers/publisher.js';
import { difference } from '../frames.js';
import type { ServerSetup, StartHost } from '../implementation.js';
import { newStreamId, Server } from '../server.js';

/** Of the media, seconds: when one server is told to stop, and the key frame after that, where the next one goes on. */
const BROKEN_AT = 2.5;
const STOPPED_AT = 3;

/** How much later than pictures of its time sound comes, seconds. */
const SOUND_DELAY = 0.15;

export function restarting(startHost: StartHost): void {
  describe('restarting, where streams’ states are kept', () => {
    let media: Frames;
    let dataDirectory: string;
    const servers: Server[] = [];
    beforeAll(async () => {
      media = await generateFrames({ video: 'h264', audio: 'opus', seconds: 6 });
    });
    beforeEach(async () => {
      dataDirectory = await mkdtemp(join(tmpdir(), 'livedrop-states-'));
    });
    afterEach(async () => {
      for (const server of servers.splice(0)) await server.close();
      await rm(dataDirectory, { recursive: true, force: true });
    });

    async function startServer(setup: ServerSetup = {}): Promise<Server> {
      const server = new Server(await startHost({ dataDirectory, ...setup }));
      servers.push(server);
      return server;
    }

    /** A stream that one server has published the beginning of; it was then shut down. */
    async function publishAndStop(setup?: ServerSetup) {
      const before = await startServer(setup);
      const { format } = media;
      const token = setup?.streamKeys?.[0];
      const fields = { format, title: 'The show', ...(token ? { token } : {}) };
      const publisher = await before.publish(newStreamId(), fields);
      const { streamId } = publisher;
      const viewer = await before.watch(streamId);
      publisher.send(messagesOf(framesUntil(media.frames, BROKEN_AT)));
      await publisher.acknowledged();
      const hls = before.hls(streamId);
      await hls.mediaUrl();
      const held = hls.request({ msn: (await hls.playlist()).segments.at(-1)!.msn + 1 });
      await before.holds(1);
      const stopped = before.shutDown();
      const status = async () => (await before.fetch('/readyz')).status;
      await expect.poll(status, { interval: 10 }).toBe(503);
      // It goes on sending: what comes from the next key frame on is for the next server.
      publisher.send(messagesOf(framesFrom(media.frames, BROKEN_AT)));
      await stopped;
      const published = framesUntil(media.frames, STOPPED_AT).length;
      return { publisher, published, viewer, streamId, hls, held: await held, last: await hls.playlist() };
    }

    /** The media playlist of another server, at the address that it had. */
    const samePlaylist = async (server: Server, hls: HlsClient): Promise<HlsClient> => {
      const { pathname } = new URL(await hls.mediaUrl());
      return HlsClient.ofMedia(new URL(pathname, server.url).href);
    };

    const rest = (): Uint8Array[] => messagesOf(framesFrom(media.frames, STOPPED_AT));

    function expectToGoOn(after: Playlist, before: Playlist): void {
      const [first] = after.segments;
      const discontinuities = before.segments.filter(({ discontinuity }) => discontinuity).length;
      expect(after.ended).toBe(false);
      expect(after.partTarget).toBe(before.partTarget);
      expect(after.mediaSequence).toBe(before.segments.at(-1)!.msn + 1);
      expect(after.discontinuitySequence).toBe(before.discontinuitySequence + discontinuities);
      expect(first!.discontinuity).toBe(true);
      expect(first!.programDateTime).toBeGreaterThanOrEqual(before.segments.at(-1)!.programDateTime!);
      const named = new Set(
        before.segments.flatMap(({ uri, map, parts }) => [uri, map, ...parts.map((part) => part.uri)]),
      );
      for (const { uri, map } of after.segments)
        for (const name of [uri, map]) expect(named).not.toContain(name);
    }

    it('publishes what it holds, ends nothing, and tells everyone to come back', async () => {
      const { publisher, published, viewer, streamId, held, last } = await publishAndStop();
      expect(publisher.acknowledgedCount).toBe(published);
      expect(await publisher.socket.next('error')).toEqual({
        type: 'error',
        code: 'SHUTTING_DOWN',
        message: expect.stringContaining('connect again and resume'),
        streamId,
        fatal: true,
      });
      expect((await publisher.socket.closed).code).toBe(1012);
      expect(publisher.socket.all('stream-stopped')).toEqual([]);
      await viewer.next('stream-status', ({ status }) => status === 'reconnecting');
      expect((await viewer.closed).code).toBe(1012);
      expect(held.status).toBe(503);
      expect(held.headers.get('Retry-After')).toBe('1');
      expect(last.ended).toBe(false);
      const seconds = last.segments.reduce((sum, { duration = 0 }) => sum + duration, 0);
      expect(seconds).toBeCloseTo(STOPPED_AT, 1);
    });

    it('goes on in the next process, for publisher and players, as after a break of the connection', async () => {
      const { publisher, published, streamId, hls, last } = await publishAndStop();
      const server = await startServer();
      const viewer = await server.connect();
      viewer.send({ type: 'join-stream', streamId });
      expect(await viewer.next('stream-joined')).toMatchObject({ status: 'reconnecting' });
      const player = await samePlaylist(server, hls);
      const next = player.playlist({ msn: last.segments.at(-1)!.msn + 1, part: 0 });
      const multivariant = server.fetch(`/livestream/${streamId}/stream.m3u8`);
      await server.holds(2);

      const resumed = await server.publish(streamId, resumption(publisher, published));
      expect(resumed.started).toMatchObject({
        received: published,
        resumeToken: publisher.started.resumeToken,
      });
      resumed.send(rest());
      await viewer.next('stream-status', ({ status }) => status === 'live');
      expectToGoOn(await next, last);
      expect(await (await multivariant).text()).toContain(
        new URL(await hls.mediaUrl()).pathname.split('/').at(-1),
      );
      const playlist = await player.playlist();
      expect(playlist.segments.filter(({ discontinuity }) => discontinuity)).toHaveLength(1);
      const body = await (await server.fetch(`/livestream/${streamId}`)).json();
      expect(body).toMatchObject({ status: 'live', title: 'The show' });
    });

    it('loses no sound that comes later than its picture', async () => {
      const order = ({ track, timestamp }: Frame): number =>
        timestamp + (track === 1 ? SOUND_DELAY : 0) * 1e6;
      const frames = [...media.frames].sort((a, b) => order(a) - order(b));
      const next = frames.findIndex(
        ({ track, key, timestamp }) => track === 0 && key && timestamp > BROKEN_AT * 1e6,
      );
      const before = await startServer();
      const publisher = await before.publish(newStreamId(), { format: media.format });
      const { streamId } = publisher;
      publisher.send(messagesOf(frames.slice(0, next - 10)));
      await publisher.acknowledged();
      const hls = before.hls(streamId);
      await hls.mediaUrl();
      const stopped = before.shutDown();
      await expect.poll(async () => (await before.fetch('/readyz')).status, { interval: 10 }).toBe(503);
      publisher.send(messagesOf(frames.slice(next - 10)));
      await stopped;
      const published = await servedSamples(hls);

      const server = await startServer();
      const resumed = await server.publish(streamId, resumption(publisher, next));
      expect(resumed.started.received).toBe(next);
      resumed.send(messagesOf(frames.slice(next)));
      await resumed.stop();
      const rest = await servedSamples(await samePlaylist(server, hls));
      const encoded = (id: number): string[] =>
        media.frames.filter(({ track }) => track === id).map(({ chunk }) => sampleDigest(chunk));
      expect([...published.video, ...rest.video]).toEqual(encoded(0));
      expect([...published.audio, ...rest.audio]).toEqual(encoded(1));
    });

    it('goes on afresh with a publisher that does not know the token, where it has the authority', async () => {
      const streamKeys = ['a-key'];
      const { publisher, streamId, hls, last } = await publishAndStop({ streamKeys });
      const server = await startServer({ streamKeys });
      const { format } = media;
      const stranger = await server.connect();
      const resume = {
        token: publisher.started.resumeToken.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
      };
      stranger.send({ type: 'start-stream', streamId, format, resume });
      expect(await stranger.next('error')).toMatchObject({ code: 'UNAUTHORIZED', fatal: true });

      const owner = await server.publish(streamId, { format, token: 'a-key' });
      expect(owner.started.received).toBe(0);
      expect(owner.started.resumeToken).not.toBe(publisher.started.resumeToken);
      owner.send(rest());
      expectToGoOn(await (await samePlaylist(server, hls)).playlist(), last);
    });

    it('ends a stream whose publisher does not come back, and forgets it', async () => {
      const { streamId, hls } = await publishAndStop();
      const limits = { graceTime: 1 };
      const server = await startServer({ limits });
      const viewer = await server.watch(streamId);
      const held = (await samePlaylist(server, hls)).request();
      const multivariant = server.fetch(`/livestream/${streamId}/stream.m3u8`);
      expect(await viewer.next('stream-status')).toMatchObject({ status: 'ended' });
      for (const answer of [held, multivariant]) expect((await answer).status).toBe(404);
      await server.shutDown();
      const third = await startServer({ limits });
      const late = await third.connect();
      late.send({ type: 'join-stream', streamId });
      expect(await late.next('stream-joined')).toMatchObject({ status: 'waiting' });
    });

    it.each([
      ['in the middle of its file, where the publisher still has it', 0],
      ['anew where it does not say so', undefined],
    ])('goes on with a container %s', async (_how, kept) => {
      const file = await generateMedia({ container: 'webm', video: 'h264', audio: 'opus' });
      const before = await startServer();
      const publisher = await before.publish(newStreamId());
      const { streamId, started } = publisher;
      const viewer = await before.watch(streamId);
      publisher.send(file.chunks.slice(0, 25));
      await viewer.next('stream-status', ({ status }) => status === 'live');
      await publisher.acknowledged();
      const hls = before.hls(streamId);
      await hls.mediaUrl();
      await before.shutDown();
      const published = await framesOf(hls);

      const server = await startServer();
      const resumed = await server.publish(streamId, {
        resume: { token: started.resumeToken, ...(kept !== undefined && { kept }) },
      });
      const { received } = resumed.started;
      if (kept === undefined) {
        expect(received).toBe(0);
        return;
      }
      expect(received).toBeGreaterThan(10);
      expect(received).toBeLessThanOrEqual(25);
      resumed.send(file.chunks.slice(received));
      await resumed.stop();
      const source = await sourceDigests(file);
      const rest = await framesOf(await samePlaylist(server, hls));
      expect(rest).toEqual(source.slice(-rest.length));
      // What lay between two key frames is there twice.
      expect(difference(source, [...published, ...rest])).toEqual([]);
      expect(published.length + rest.length).toBeLessThanOrEqual(source.length + 60);
    });

    /** Digests of all frames that its playlist has. */
    async function framesOf(hls: HlsClient): Promise<string[]> {
      const { segments } = await hls.playlist();
      const runs = await hls.withDownload(segments, (paths) => Promise.all(paths.map(frameDigests)));
      return runs.flat();
    }

    function resumption({ started }: Publisher, from: number) {
      return { format: media.format, resume: { token: started.resumeToken, from } };
    }
  });
}
