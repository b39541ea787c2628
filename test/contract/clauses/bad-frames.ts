import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { FramesFormat, TrackConfig } from '../../../server/protocol.js';
import {
  frameMessage,
  framesFrom,
  framesUntil,
  generateFrames,
  messagesOf,
  moveFrame,
  toAnnexB,
  type Frame,
  type Frames,
  type FramesRecipe,
} from '../../helpers/frames.js';
import { ffmpegPath, frameDigests, sourceDigests } from '../../helpers/media.js';
import { difference, expectDecodable, expectEveryFrame } from '../frames.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer } from '../server.js';

const run = promisify(execFile);
const aac: FramesRecipe = { video: 'h264', audio: 'aac' };

export function badFrames(startHost: StartHost): void {
  describe.concurrent('bad frames', () => {
    const server = useServer(startHost, { transcoder: false, limits: { startTime: 2 } });
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
      await expectEveryFrame(hls, media);
      await expectDecodable(hls, (await hls.playlist()).segments);
      const state = await (await server().fetch(`/livestream/${publisher.streamId}`)).json();
      expect(state).toMatchObject({
        frameFaults: { 'short-header': 2, empty: 1, 'unknown-track': 1, 'no-picture': 1 },
      });
      const metrics = await (await server().fetch('/metrics')).text();
      expect(metrics).toMatch(/^livedrop_frame_faults_total\{reason="no-picture"\} [1-9]\d*$/m);
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
      const [found = []] = await hls.withDownload(segments, (paths) => Promise.all(paths.map(frameDigests)));
      const missing = difference(await sourceDigests(media), found);
      expect(missing.length).toBeGreaterThan(0);
      expect(missing.length).toBeLessThan(30);
      expect(missing.at(-1)! % 30).toBe(29);
    });

    it.each([
      ['goes back', -3600],
      ['jumps a day', 86_400],
    ])('§4.4.4.3 survives time that %s, behind a discontinuity', async (_, seconds) => {
      const media = await generateFrames(aac);
      const publisher = await server().publish(newStreamId(), { format: media.format });
      publisher.send(messagesOf(framesUntil(media.frames, 2)));
      publisher.send(messagesOf(framesFrom(media.frames, 2).map((frame) => moveFrame(frame, seconds * 1e6))));
      await publisher.stop();
      const hls = server().hls(publisher.streamId);
      const { segments } = await hls.playlist();
      expect(segments.filter(({ discontinuity }) => discontinuity)).toHaveLength(1);
      await expectEveryFrame(hls, media);
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
}
