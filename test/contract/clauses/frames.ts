import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { FramesFormat, TrackConfig } from '../../../server/protocol.js';
import {
  frameMessage,
  generateFrames,
  messagesOf,
  moveFrame,
  sendFramesInRealTime,
  toAnnexB,
  type Frame,
  type Frames,
  type FramesRecipe,
} from '../../helpers/frames.js';
import type { HlsClient, PlaylistSegment } from '../../helpers/hls-client.js';
import { ffmpegPath, frameDigests, generateMedia, probeStreams } from '../../helpers/media.js';
import { difference, expectEveryFrame } from '../frames.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer } from '../server.js';

const run = promisify(execFile);
const aac: FramesRecipe = { video: 'h264', audio: 'aac' };
const opus: FramesRecipe = { video: 'h264', audio: 'opus' };

const from = (frames: readonly Frame[], second: number): Frame[] =>
  frames.filter(({ timestamp }) => timestamp >= second * 1e6);
const until = (frames: readonly Frame[], second: number): Frame[] =>
  frames.filter(({ timestamp }) => timestamp < second * 1e6);

/** Checks that every picture of the source is offered, byte for byte, in order. */
const expectEveryPicture = (hls: HlsClient, media: Frames): Promise<void> =>
  expectEveryFrame(hls, { ...media, chunks: [] });

/** Checks that ffmpeg decodes the segments, each run for itself, without a word. */
async function expectDecodable(hls: HlsClient, segments: readonly PlaylistSegment[]): Promise<void> {
  const complaints = await hls.withDownload(segments, (paths) =>
    Promise.all(
      paths.map((path) =>
        run(ffmpegPath, ['-v', 'warning', '-xerror', '-i', path, '-map', '0', '-f', 'null', '-']),
      ),
    ),
  );
  expect(complaints.map(({ stderr }) => stderr).join('')).toBe('');
}

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

      const playlist = await hls.playlist();
      expect(playlist.ended).toBe(true);
      const duration = playlist.segments.reduce((sum, segment) => sum + segment.duration!, 0);
      expect(duration).toBeGreaterThan(media.seconds - 0.1);
      expect(duration).toBeLessThan(media.seconds + 0.2);
      const streams = await probeStreams(hls.url);
      expect(streams.map(({ codec_name }) => codec_name).sort()).toEqual([...codecs].sort());
      await expectDecodable(hls, playlist.segments);
      if (recipe.video) await expectEveryPicture(hls, media);
    });

    it('publishes video with start codes and parameter sets in band', async () => {
      const media = await generateFrames(aac);
      const annexB = toAnnexB(media);
      const publisher = await server().publish(newStreamId(), { format: annexB.format });
      publisher.send(messagesOf(annexB.frames));
      await publisher.stop();
      const hls = server().hls(publisher.streamId);
      await expectEveryPicture(hls, media);
      expect(await (await fetch(hls.url)).text()).toContain(media.format.tracks[0]!.codec);
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
      it('gives a new init segment behind a discontinuity; the timeline goes on', async () => {
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
        const sources = await Promise.all([media, other].map(({ path }) => frameDigests(path)));
        const found = await hls.withDownload(segments, (paths) => Promise.all(paths.map(frameDigests)));
        expect(found).toEqual(sources);
        await expectDecodable(hls, segments);
      });

      it('changes nothing where it says the same', async () => {
        const media = await generateFrames(aac);
        const publisher = await server().publish(newStreamId(), { format: media.format });
        const { socket, streamId } = publisher;
        for (const half of [until(media.frames, 1.5), from(media.frames, 1.5)]) {
          for (const track of media.format.tracks) socket.send({ type: 'track-config', streamId, track });
          publisher.send(messagesOf(half));
        }
        await publisher.stop();
        const hls = server().hls(streamId);
        expect((await hls.playlist()).segments.some(({ discontinuity }) => discontinuity)).toBe(false);
        await expectEveryPicture(hls, media);
      });

      it('is refused for a track that there is not; the stream goes on', async () => {
        const media = await generateFrames(aac);
        const publisher = await server().publish(newStreamId(), { format: media.format });
        const { socket, streamId } = publisher;
        publisher.send(messagesOf(until(media.frames, 1)));
        const track = { ...media.format.tracks[0]!, id: 9 };
        socket.send({ type: 'track-config', streamId, track });
        const error = await socket.next('error');
        expect(error).toMatchObject({ code: 'BAD_MESSAGE', streamId, fatal: false });
        expect(error.message).toContain('video 0');
        publisher.send(messagesOf(from(media.frames, 1)));
        await publisher.stop();
        await expectEveryPicture(server().hls(streamId), media);
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
        await expectEveryPicture(hls, media);
      });

      it('starts afresh behind a discontinuity with a token that is lost', async () => {
        const media = await generateFrames(opus);
        const first = await server().publish(newStreamId(), { format: media.format });
        const { streamId } = first;
        const viewer = await server().watch(streamId);
        first.send(messagesOf(until(media.frames, 2.5)));
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
    });

    describe.concurrent('bad input', () => {
      const badTracks: [string, (format: FramesFormat) => unknown, string, RegExp][] = [
        ['no tracks', () => [], 'BAD_MESSAGE', /tracks/],
        ['tracks that are none', () => 7, 'BAD_MESSAGE', /tracks/],
        ['an unknown kind', ({ tracks }) => [{ ...tracks[0], kind: 'text' }], 'BAD_MESSAGE', /kind/],
        ['two of an id', ({ tracks }) => tracks.map((track) => ({ ...track, id: 1 })), 'BAD_MESSAGE', /id 1/],
        ['two of video', ({ tracks }) => [tracks[0], { ...tracks[0], id: 7 }], 'UNSUPPORTED_FORMAT', /video/],
        ['VP9', ({ tracks }) => [{ ...tracks[0], codec: 'vp09.00.10.08' }], 'UNSUPPORTED_FORMAT', /vp09/],
        ['MP3', ({ tracks }) => [{ ...tracks[1], codec: 'mp3' }], 'UNSUPPORTED_FORMAT', /mp3/],
        [
          'an avcC that is garbage',
          ({ tracks }) => [{ ...tracks[0], description: 'AAAAAAAAAAAA' }],
          'BAD_MESSAGE',
          /avcC/,
        ],
        ['an id of 256', ({ tracks }) => [{ ...tracks[0], id: 256 }], 'BAD_MESSAGE', /id/],
      ];
      it.each(badTracks)('refuses %s at the start', async (_, spoil, code, message) => {
        const { format } = await generateFrames(aac);
        const client = await server().connect();
        const streamId = newStreamId();
        const tracks = spoil(format) as TrackConfig[];
        client.send({ type: 'start-stream', streamId, format: { kind: 'frames', tracks } });
        const error = await client.next('error');
        expect(error).toMatchObject({ code, streamId, fatal: false });
        expect(error.message).toMatch(message);
        // Nothing was begun.
        client.send({ type: 'start-stream', streamId, format });
        expect((await client.next('stream-started')).received).toBe(0);
      });

      const noise = (frame: Frame): Uint8Array[] => [
        new Uint8Array(0),
        frame.message.subarray(0, 9),
        frame.message.subarray(0, 16),
        frameMessage({ ...frame, track: 200 }, frame.chunk),
        frameMessage({ ...frame, key: true }, Uint8Array.of(0, 0, 0, 2, 6, 5)),
      ];
      it('leaves out what is no frame and says why, and not one frame more', async () => {
        const media = await generateFrames(aac);
        const publisher = await server().publish(newStreamId(), { format: media.format });
        const bad = noise(media.frames.find(({ track, timestamp }) => track === 0 && timestamp > 1e6)!);
        publisher.send([
          ...messagesOf(media.frames.slice(0, 100)),
          ...bad,
          ...messagesOf(media.frames.slice(100)),
        ]);
        // They are numbered all the same.
        await publisher.acknowledged();
        await publisher.stop();
        const errors = publisher.socket.all('error');
        expect(errors.map(({ code, fatal }) => ({ code, fatal }))).toEqual(
          errors.map(() => ({ code: 'BAD_MESSAGE', fatal: false })),
        );
        for (const reason of ['short-header', 'empty', 'unknown-track', 'no-picture']) {
          expect(errors.filter(({ message }) => message.includes(reason))).toHaveLength(1);
        }
        const hls = server().hls(publisher.streamId);
        await expectEveryPicture(hls, media);
        await expectDecodable(hls, (await hls.playlist()).segments);
      });

      it('goes on with the next key frame after a chunk that is broken', async () => {
        const media = await generateFrames(aac);
        const publisher = await server().publish(newStreamId(), { format: media.format });
        const messages = media.frames.map((frame, index) => {
          if (index !== 100) return frame.message;
          return frameMessage({ ...frame, track: 0 }, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3));
        });
        publisher.send(messages);
        await publisher.stop();
        const hls = server().hls(publisher.streamId);
        const { segments } = await hls.playlist();
        expect(segments.some(({ discontinuity }) => discontinuity)).toBe(false);
        await expectDecodable(hls, segments);
        const [found = []] = await hls.withDownload(segments, (paths) =>
          Promise.all(paths.map(frameDigests)),
        );
        const missing = difference(await frameDigests(media.path), found);
        expect(missing.length).toBeGreaterThan(0);
        expect(missing.length).toBeLessThan(30);
        expect(missing.at(-1)! % 30).toBe(29);
      });

      it.each([
        ['goes back', -3600],
        ['jumps a day', 86_400],
      ])('survives time that %s', async (_, seconds) => {
        const media = await generateFrames(aac);
        const publisher = await server().publish(newStreamId(), { format: media.format });
        publisher.send(messagesOf(until(media.frames, 2)));
        publisher.send(messagesOf(from(media.frames, 2).map((frame) => moveFrame(frame, seconds * 1e6))));
        await publisher.stop();
        const hls = server().hls(publisher.streamId);
        const { segments } = await hls.playlist();
        expect(segments.filter(({ discontinuity }) => discontinuity)).toHaveLength(1);
        await expectEveryPicture(hls, media);
        await expectDecodable(hls, segments);
      });

      it('tells a publisher whose stream is not what it may be', async () => {
        const annexB = toAnnexB(await generateFrames({ video: 'h264', seconds: 1 }));
        const args = ['-f', 'lavfi', '-i', 'testsrc2=size=64x64:duration=0.1', '-pix_fmt', 'yuv422p'];
        const output = ['-c:v', 'libx264', '-f', 'h264', 'pipe:1'];
        const { stdout } = await run(ffmpegPath, ['-v', 'error', ...args, ...output], { encoding: 'buffer' });
        const publisher = await server().publish(newStreamId(), { format: annexB.format });
        publisher.send([frameMessage({ track: 0, key: true, timestamp: 0, duration: 0 }, stdout)]);
        const error = await publisher.socket.next('error');
        expect(error).toMatchObject({ code: 'UNSUPPORTED_FORMAT', fatal: true });
        expect(error.message).toMatch(/profile 122.*4:2:0/);
        expect((await publisher.socket.next('stream-stopped')).reason).toBe('failed');
      });

      it.each<[string, (media: Frames) => Uint8Array[], RegExp]>([
        ['key frame', ({ frames }) => messagesOf(frames.filter(({ key }) => !key)), /waiting-for-key/],
        [
          'whole frame',
          ({ frames }) => frames.map((frame) => frameMessage(frame, Uint8Array.of(9, 9, 9))),
          /broken-chunk/,
        ],
        [
          'frame of the picture',
          ({ frames }) => messagesOf(frames.filter(({ track }) => track === 1)),
          /video/,
        ],
      ])('tells a publisher within the start time that there is no %s', async (_, messages, reason) => {
        const media = await generateFrames(aac);
        const publisher = await server().publish(newStreamId(), { format: media.format });
        const { socket, streamId } = publisher;
        publisher.send(messages(media));
        const error = await socket.next('error', ({ fatal }) => fatal, 4000);
        expect(error).toMatchObject({ code: 'BAD_MESSAGE', streamId });
        expect(error.message).toMatch(reason);
        expect((await socket.next('stream-stopped')).reason).toBe('failed');
        await socket.closed;
        expect((await server().fetch(`/livestream/${streamId}/stream.m3u8`)).status).toBe(404);
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
