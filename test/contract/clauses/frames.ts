import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  framesFrom,
  framesUntil,
  generateFrames,
  messagesOf,
  moveFrame,
  sendFramesInRealTime,
  toAnnexB,
  type FramesRecipe,
} from '../../helpers/frames.js';
import { frameDigests, generateMedia, sourceDigests } from '../../helpers/media.js';
import { expectDecodable, expectEnded, expectEveryFrame } from '../frames.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer } from '../server.js';

const aac: FramesRecipe = { video: 'h264', audio: 'aac' };
const opus: FramesRecipe = { video: 'h264', audio: 'opus' };

export function frames(startHost: StartHost): void {
  describe('frames', () => {
    // Whatever is published here meets no ffmpeg.
    const server = useServer(startHost, { transcoder: false, limits: { startTime: 2 } });

    const recipes: [string, FramesRecipe, string[]][] = [
      ['H.264 and AAC', aac, ['h264', 'aac']],
      ['H.264 and Opus, 24 a second', { ...opus, frameRate: 24 }, ['h264', 'opus']],
      ['H.264 alone, 29.97 a second', { video: 'h264', frameRate: '30000/1001' }, ['h264']],
      ['AAC alone', { audio: 'aac' }, ['aac']],
      ['Opus alone', { audio: 'opus' }, ['opus']],
    ];
    it.each(recipes)('publishes %s without a transcoder', async (_, recipe, codecs) => {
      const media = await generateFrames(recipe);
      const publisher = await server().publish(newStreamId(), { format: media.format });
      const hls = server().hls(publisher.streamId);
      publisher.send(messagesOf(media.frames));
      await publisher.acknowledged();
      expect((await publisher.stop()).reason).toBe('stopped');
      expect(publisher.socket.all('error')).toEqual([]);

      const playlist = await expectEnded(hls, media, codecs);
      await expectDecodable(hls, playlist.segments);
      if (recipe.video) await expectEveryFrame(hls, media);
    });

    it('publishes video with start codes and parameter sets in band', async () => {
      const media = await generateFrames(aac);
      const annexB = toAnnexB(media);
      const publisher = await server().publish(newStreamId(), { format: annexB.format });
      publisher.send(messagesOf(annexB.frames));
      await publisher.stop();
      const hls = server().hls(publisher.streamId);
      await expectEveryFrame(hls, media);
      expect(await (await fetch(hls.url)).text()).toContain(media.format.tracks[0]!.codec);
    });

    it('takes frames of a client of forty lines', async () => {
      const media = await generateFrames({ video: 'h264', seconds: 2 });
      const streamId = newStreamId();
      const script = fileURLToPath(new URL('../../fixtures/publish-frames.mjs', import.meta.url));
      const client = spawn(process.execPath, [script, server().socketUrl, streamId, '30'], {
        stdio: ['pipe', 'ignore', 'pipe'],
      });
      const delimiter = Buffer.from([0, 0, 0, 1, 9, 0xf0]);
      client.stdin.end(Buffer.concat(toAnnexB(media).frames.flatMap(({ chunk }) => [delimiter, chunk])));
      const [errors] = await Promise.all([text(client.stderr), once(client, 'close')]);
      expect(errors).toBe('');
      await expectEveryFrame(server().hls(streamId), media);
    });

    it('refuses a container where there is no transcoder, and takes frames on the same connection', async () => {
      const socket = await server().connect();
      const streamId = newStreamId();
      socket.send({ type: 'start-stream', streamId });
      const error = await socket.next('error');
      expect(error).toMatchObject({ code: 'UNSUPPORTED_FORMAT', streamId, fatal: false });
      expect(error.message).toMatch(/transcoder.*frames/);
      socket.send({ type: 'start-stream', streamId, format: (await generateFrames(aac)).format });
      expect((await socket.next('stream-started')).streamId).toBe(streamId);
    });

    it('is live as soon as a first segment is there', async () => {
      const media = await generateFrames({ ...opus, seconds: 2, earlyKeyFrame: 0.2 });
      const publisher = await server().publish(newStreamId(), { format: media.format });
      const viewer = await server().watch(publisher.streamId);
      const stopped = new AbortController();
      const sending = sendFramesInRealTime(publisher, media.frames, stopped.signal);
      await viewer.next('stream-status', ({ status }) => status === 'live', 2000);
      expect(publisher.sent).toBeLessThan(media.frames.length / 2);
      stopped.abort();
      await sending;
      await publisher.stop();
    });

    describe.concurrent('track-config', () => {
      it('§4.4.4.3 gives a new init segment behind a discontinuity; the timeline goes on', async () => {
        const media = await generateFrames({ video: 'h264', seconds: 2 });
        const other = await generateFrames({ video: 'h264', seconds: 2, frameRate: 25, keyFrameInterval: 2 });
        const publisher = await server().publish(newStreamId(), { format: media.format });
        const { socket, streamId } = publisher;
        publisher.send(messagesOf(media.frames));
        socket.send({ type: 'track-config', streamId, track: other.format.tracks[0]! });
        publisher.send(messagesOf(other.frames.map((frame) => moveFrame(frame, 2e6))));
        await publisher.stop();
        expect(socket.all('error')).toEqual([]);

        const hls = server().hls(streamId);
        const { segments } = await hls.playlist();
        const at = segments.findIndex(({ discontinuity }) => discontinuity);
        expect(segments.filter(({ discontinuity }) => discontinuity)).toHaveLength(1);
        expect(new Set(segments.map(({ map }) => map)).size).toBe(2);
        expect(segments[at]!.map).not.toBe(segments[at - 1]!.map);
        const length = segments.slice(0, at).reduce((sum, { duration }) => sum + duration!, 0);
        expect(length).toBeCloseTo(2, 3);
        const passed = segments[at]!.programDateTime! - segments[0]!.programDateTime!;
        expect(passed).toBeGreaterThan(1990);
        const sources = await Promise.all([media, other].map(sourceDigests));
        const found = await hls.withDownload(segments, (paths) => Promise.all(paths.map(frameDigests)));
        expect(found).toEqual(sources);
        await expectDecodable(hls, segments);
      });

      it('changes nothing where it says the same', async () => {
        const media = await generateFrames(aac);
        const publisher = await server().publish(newStreamId(), { format: media.format });
        const { socket, streamId } = publisher;
        for (const half of [framesUntil(media.frames, 1.5), framesFrom(media.frames, 1.5)]) {
          for (const track of media.format.tracks) socket.send({ type: 'track-config', streamId, track });
          publisher.send(messagesOf(half));
        }
        await publisher.stop();
        const hls = server().hls(streamId);
        expect((await hls.playlist()).segments.some(({ discontinuity }) => discontinuity)).toBe(false);
        await expectEveryFrame(hls, media);
      });

      it('is refused for a track that there is not; the stream goes on', async () => {
        const media = await generateFrames(aac);
        const publisher = await server().publish(newStreamId(), { format: media.format });
        const { socket, streamId } = publisher;
        publisher.send(messagesOf(framesUntil(media.frames, 1)));
        const track = { ...media.format.tracks[0]!, id: 9 };
        socket.send({ type: 'track-config', streamId, track });
        const error = await socket.next('error');
        expect(error).toMatchObject({ code: 'BAD_MESSAGE', streamId, fatal: false });
        expect(error.message).toContain('video 0');
        publisher.send(messagesOf(framesFrom(media.frames, 1)));
        await publisher.stop();
        await expectEveryFrame(server().hls(streamId), media);
      });
    });

    describe.concurrent('resuming', () => {
      it('loses and doubles nothing, however often the connection breaks', async () => {
        const media = await generateFrames(opus);
        const messages = messagesOf(media.frames);
        const publisher = await server().publish(newStreamId(), { format: media.format });
        for (let cut = 0; cut < messages.length; cut += 70) {
          publisher.send(messages.slice(cut, cut + 70));
          publisher.socket.terminate();
          const { received } = await publisher.resume();
          expect(received).toBeLessThanOrEqual(publisher.sent);
        }
        await publisher.stop();
        expect(publisher.socket.all('error')).toEqual([]);
        const hls = server().hls(publisher.streamId);
        const { segments } = await hls.playlist();
        expect(segments.some(({ discontinuity }) => discontinuity)).toBe(false);
        await expectEveryFrame(hls, media);
      });

      it('starts afresh behind a discontinuity with a token that is lost', async () => {
        const media = await generateFrames(opus);
        const first = await server().publish(newStreamId(), { format: media.format });
        const { streamId } = first;
        const viewer = await server().watch(streamId);
        first.send(messagesOf(framesUntil(media.frames, 2.5)));
        await first.acknowledged();
        await viewer.next('stream-status', ({ status }) => status === 'live');
        first.socket.terminate();
        await viewer.next('stream-status', ({ status }) => status === 'reconnecting');
        const second = await server().publish(streamId, {
          format: media.format,
          resume: { token: 'a-token-of-yesterday' },
        });
        expect(second.started.received).toBe(0);
        second.send(messagesOf(media.frames));
        await second.stop();
        const { segments } = await server().hls(streamId).playlist();
        expect(segments.filter(({ discontinuity }) => discontinuity)).toHaveLength(1);
        await expectDecodable(server().hls(streamId), segments);
        expect(viewer.all('stream-status').map(({ status }) => status)).not.toContain('waiting');
      });
    });

    describe.concurrent('capture-clock', () => {
      it('sets the programme dates', async () => {
        const media = await generateFrames({ ...opus, seconds: 3 });
        const publisher = await server().publish(newStreamId(), { format: media.format });
        const { socket, streamId } = publisher;
        const captured = Date.now() - 4321;
        socket.send({ type: 'capture-clock', streamId, timestamp: 0, time: captured });
        publisher.send(messagesOf(media.frames));
        await publisher.stop();
        expect(socket.all('error')).toEqual([]);
        const { segments } = await server().hls(streamId).playlist();
        let start = 0;
        for (const { programDateTime, duration } of segments) {
          expect(Math.abs(programDateTime! - captured - start * 1000)).toBeLessThan(2);
          start += duration!;
        }
      });

      it('is refused when it is far from the time of day; the stream goes on', async () => {
        const media = await generateFrames({ ...opus, seconds: 1 });
        const publisher = await server().publish(newStreamId(), { format: media.format });
        const { socket, streamId } = publisher;
        socket.send({ type: 'capture-clock', streamId, timestamp: 0, time: Date.now() - 86_400_000 });
        expect(await socket.next('error')).toMatchObject({ code: 'BAD_MESSAGE', streamId, fatal: false });
        publisher.send(messagesOf(media.frames));
        expect((await publisher.stop()).reason).toBe('stopped');
      });

      it('is forgotten when the first frame shows that it is; the stream can be played', async () => {
        const media = await generateFrames({ ...opus, seconds: 2 });
        const publisher = await server().publish(newStreamId(), { format: media.format });
        const { socket, streamId } = publisher;
        socket.send({ type: 'capture-clock', streamId, timestamp: -1e300, time: Date.now() });
        publisher.send(messagesOf(media.frames));
        expect(await socket.next('error')).toMatchObject({ code: 'BAD_MESSAGE', streamId, fatal: false });
        await publisher.acknowledged();
        const { segments } = await server().hls(streamId).playlist();
        expect(Math.abs(segments[0]!.programDateTime! - Date.now())).toBeLessThan(60_000);
        await publisher.stop();
      });
    });
  });

  describe('frames and containers', () => {
    const server = useServer(startHost);

    it('follow each other in one stream, each behind a discontinuity', async () => {
      const container = await generateMedia({ container: 'webm', video: 'h264', audio: 'opus' });
      const media = await generateFrames(aac);
      const streamId = newStreamId();
      const viewer = await server().watch(streamId);
      const leave = async (publisher: Awaited<ReturnType<ReturnType<typeof server>['publish']>>) => {
        await publisher.acknowledged();
        await viewer.next('stream-status', ({ status }) => status === 'live');
        publisher.socket.terminate();
        await viewer.next('stream-status', ({ status }) => status === 'reconnecting');
      };
      const first = await server().publish(streamId, { format: media.format });
      first.send(messagesOf(media.frames));
      await leave(first);
      const second = await server().publish(streamId);
      second.send(container.chunks);
      await server()
        .hls(streamId)
        .playlistWhere(({ segments }) => segments.some(({ discontinuity }) => discontinuity));
      await leave(second);
      const third = await server().publish(streamId, { format: media.format });
      third.send(messagesOf(media.frames));
      await third.stop();
      const hls = server().hls(streamId);
      const { segments } = await hls.playlist();
      expect(segments.filter(({ discontinuity }) => discontinuity).length).toBeGreaterThanOrEqual(1);
      await expectDecodable(hls, segments);
    });
  });
}
