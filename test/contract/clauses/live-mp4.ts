import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { frameMessage, generateFrames, messagesOf, type Frame } from '../../helpers/frames.js';
import { LiveMp4Client } from '../../helpers/live-mp4-client.js';
import { ffmpegPath, generateMedia } from '../../helpers/media.js';
import type { StartHost } from '../implementation.js';
import { newStreamId, useServer, type Server } from '../server.js';
import { expectProblem } from './playlists.js';

const run = promisify(execFile);

const recipe = { container: 'webm', video: 'h264', audio: 'opus' } as const;

async function watch(server: Server, streamId: string, query = ''): Promise<LiveMp4Client> {
  const response = await server.fetch(`/livestream/${streamId}/live.mp4${query}`);
  expect(response.status).toBe(200);
  return new LiveMp4Client(response);
}

async function liveViewers(server: Server, streamId: string): Promise<number> {
  const response = await server.fetch(`/livestream/${streamId}`);
  return ((await response.json()) as { liveViewers: number }).liveViewers;
}

/** ffmpeg decodes a file or a URL without a word. */
async function expectToPlay(input: string): Promise<void> {
  const decode = ['-v', 'warning', '-xerror', '-i', input, '-f', 'null', '-'];
  const { stderr } = await run(ffmpegPath, decode, { timeout: 20_000 });
  expect(stderr).toBe('');
}

export function liveMp4(startHost: StartHost): void {
  describe('live.mp4', () => {
    const server = useServer(startHost, { limits: { liveWaitTime: 5 } });

    it('is the parts of the playlist from the newest key frame on, as one file that ends with the stream', async () => {
      const { chunks } = await generateMedia(recipe);
      const publisher = await server().publish(newStreamId());
      publisher.send(chunks.slice(0, 25));
      const early = await watch(server(), publisher.streamId);
      expect(Object.fromEntries(early.response.headers)).toMatchObject({
        'content-type': expect.stringMatching(/^video\/mp4; codecs="avc1\.[0-9A-F]{6},mp4a\.40\.2"$/),
        'cache-control': 'no-store',
        'access-control-allow-origin': '*',
      });
      await early.until(({ fragments }) => fragments.length > 5);
      const late = await watch(server(), publisher.streamId);
      publisher.send(chunks.slice(25));
      await publisher.stop();

      const hls = server().hls(publisher.streamId);
      const { segments } = await hls.playlist();
      const media = Buffer.concat(await Promise.all(segments.map(({ uri }) => hls.bytes(uri!))));
      for (const client of [early, late]) {
        const content = await client.toEnd();
        expect(content.isWhole).toBe(true);
        expect(content.samples.find(({ track }) => track === 1)?.key).toBe(true);
        const watched = Buffer.concat(content.fragments.map(({ bytes }) => bytes));
        expect(watched.equals(media.subarray(media.length - watched.length))).toBe(true);
        for (const { prft, samples } of content.fragments) {
          const first = samples.find(({ track }) => track === prft.track)!;
          expect(prft.mediaTime).toBe(first.dts + first.compositionOffset);
          const { timescale } = content.tracks.find(({ id }) => id === prft.track)!;
          // The timeline begins with the first segment.
          const expected = segments[0]!.programDateTime! + (prft.mediaTime / timescale) * 1000;
          expect(Math.abs(prft.date - expected)).toBeLessThan(2);
        }
      }
      expect(late.content.fragments.length).toBeLessThan(early.content.fragments.length);
    });

    it('comes frame by frame where that is asked for, with nothing missing and nothing twice', async () => {
      const { chunks } = await generateMedia(recipe);
      const publisher = await server().publish(newStreamId());
      const { streamId } = publisher;
      publisher.send(chunks.slice(0, 8));
      const first = await watch(server(), streamId, '?flush=frame');
      await first.until(({ fragments }) => fragments.length > 0);
      const parts = await watch(server(), streamId);
      const [, ...clients] = [parts, first];
      for (let at = 8; at < chunks.length; at += 5) {
        publisher.send(chunks.slice(at, at + 5));
        const from = first.content.fragments.length;
        await first.until(({ fragments }) => fragments.length > from);
        clients.push(await watch(server(), streamId, '?flush=frame'));
      }
      await publisher.stop();
      const expected = (await parts.toEnd()).samples;
      for (const client of clients) {
        const { fragments, samples, isWhole } = await client.toEnd();
        expect(isWhole).toBe(true);
        // Whoever watched from early on was sent the frames one by one.
        for (const { samples: group } of client === first ? fragments.slice(1) : [])
          expect(group.filter(({ track }) => track === 1).length).toBeLessThanOrEqual(1);
        for (const track of [1, 2]) {
          const times = samples.filter((sample) => sample.track === track).map(({ dts }) => dts);
          const all = expected.filter((sample) => sample.track === track).map(({ dts }) => dts);
          expect(times).toEqual(all.filter((dts) => dts >= times[0]!));
        }
        expect(samples.find(({ track }) => track === 1)?.key).toBe(true);
      }
    });

    it.each(['', '?flush=part', '?flush=frame'])('is played by ffmpeg from its URL%s', async (query) => {
      const publisher = await server().publish(newStreamId());
      const { chunks } = await generateMedia(recipe);
      publisher.send(chunks.slice(0, 25));
      const url = `${server().url}/livestream/${publisher.streamId}/live.mp4${query}`;
      const played = expectToPlay(url);
      await expect.poll(() => liveViewers(server(), publisher.streamId)).toBe(1);
      publisher.send(chunks.slice(25));
      await publisher.stop();
      await played;
    });

    it('is decoded without an error from any place on', async () => {
      const publisher = await server().publish(newStreamId());
      const { chunks } = await generateMedia(recipe);
      publisher.send(chunks.slice(0, 25));
      const bodies = [];
      for (const query of ['', '?flush=frame']) {
        const response = await server().fetch(`/livestream/${publisher.streamId}/live.mp4${query}`);
        bodies.push(response.arrayBuffer());
      }
      publisher.send(chunks.slice(25));
      await publisher.stop();
      const folder = await mkdtemp(join(tmpdir(), 'livedrop-live-'));
      for (const [index, body] of (await Promise.all(bodies)).entries()) {
        const path = join(folder, `${index}.mp4`);
        await writeFile(path, new Uint8Array(body));
        await expectToPlay(path);
      }
      await rm(folder, { recursive: true });
    });

    it('is sound alone where there is no picture', async () => {
      const { chunks } = await generateMedia({ container: 'webm', audio: 'opus' });
      const publisher = await server().publish(newStreamId());
      publisher.send(chunks.slice(0, 20));
      const clients = [
        await watch(server(), publisher.streamId),
        await watch(server(), publisher.streamId, '?flush=frame'),
      ];
      publisher.send(chunks.slice(20));
      await publisher.stop();
      for (const client of clients) {
        expect(client.response.headers.get('content-type')).toBe('video/mp4; codecs="mp4a.40.2"');
        const { samples } = await client.toEnd();
        samples.forEach(({ dts }, index) => expect(dts).toBe(samples[0]!.dts + index * 1024));
      }
    });

    it('is what a publisher of frames sends, frame by frame, and ends when its tracks change', async () => {
      const media = await generateFrames({ video: 'h264', audio: 'opus', seconds: 4 });
      const publisher = await server().publish(newStreamId(), { format: media.format });
      const { streamId } = publisher;
      publisher.send(messagesOf(media.frames.slice(0, 150)));
      const clients = [await watch(server(), streamId, '?flush=frame'), await watch(server(), streamId)];
      for (const { response } of clients)
        expect(response.headers.get('content-type')).toMatch(/^video\/mp4; codecs="avc1\.[0-9A-F]{6},opus"$/);
      publisher.send(messagesOf(media.frames.slice(150)));
      const other = await generateFrames({ video: 'h264', frameRate: 25, seconds: 4 });
      publisher.socket.send({ type: 'track-config', streamId, track: other.format.tracks[0]! });
      const shift = ({ chunk, ...header }: Frame): Uint8Array =>
        frameMessage({ ...header, timestamp: header.timestamp + 4_000_000 }, chunk);
      publisher.send(other.frames.map(shift));
      for (const client of clients) {
        const { samples, isWhole } = await client.toEnd();
        expect(isWhole).toBe(true);
        const times = samples.filter(({ track }) => track === 1).map(({ dts }) => dts);
        expect(times.length).toBeGreaterThan(60);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }
      const next = await watch(server(), streamId);
      await next.until(({ fragments }) => fragments.length > 0);
      expect(next.content.tracks).not.toEqual(clients[0]!.content.tracks);
      await next.leave();
      await publisher.stop();
    });

    it.each(['', '?flush=frame'])(
      'says how much of it is there already: whole fragments%s',
      async (query) => {
        const publisher = await server().publish(newStreamId());
        publisher.send((await generateMedia(recipe)).chunks.slice(0, 40));
        const watcher = await watch(server(), publisher.streamId);
        await watcher.until(({ fragments }) => fragments.length > 2);
        const response = await server().fetch(`/livestream/${publisher.streamId}/live.mp4${query}`);
        expect(response.headers.get('access-control-expose-headers')).toBe('Livedrop-Backlog');
        const backlog = Number(response.headers.get('livedrop-backlog'));
        await publisher.stop();
        const bytes = Buffer.from(await response.arrayBuffer());
        const ends: number[] = [];
        const types: string[] = [];
        for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
          types.push(bytes.toString('latin1', at + 4, at + 8));
          ends.push(at + bytes.readUInt32BE(at));
        }
        const last = types[ends.indexOf(backlog)];
        expect(last).toBe('mdat');
      },
    );

    it('waits for a stream that has started', async () => {
      const publisher = await server().publish(newStreamId());
      const clients = ['', '?flush=frame'].map((query) => watch(server(), publisher.streamId, query));
      await server().holds(2);
      publisher.send((await generateMedia(recipe)).chunks);
      for (const client of await Promise.all(clients)) {
        await client.until(({ fragments }) => fragments.length > 0);
        await client.leave();
      }
      await publisher.stop();
    });

    it('is not there before a stream has started and when it is over', async () => {
      const streamId = newStreamId();
      const path = `/livestream/${streamId}/live.mp4`;
      await expectProblem(await server().fetch(path), 404);
      await expectProblem(await server().fetch('/livestream/no%20id/live.mp4'), 404);
      const publisher = await server().publish(streamId);
      const waiting = server().fetch(path);
      await server().holds(1);
      await publisher.stop();
      await expectProblem(await waiting, 404);
      await expectProblem(await server().fetch(path), 404);
    });

    it('answers HEAD, OPTIONS and a flush that it does not know', async () => {
      const publisher = await server().publish(newStreamId());
      publisher.send((await generateMedia(recipe)).chunks);
      const path = `/livestream/${publisher.streamId}/live.mp4`;
      const head = await server().fetch(path, { method: 'HEAD' });
      expect(head.status).toBe(200);
      expect(head.headers.get('content-type')).toContain('codecs=');
      expect(await liveViewers(server(), publisher.streamId)).toBe(0);
      const preflight = await server().fetch(path, { method: 'OPTIONS' });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
      await expectProblem(await server().fetch(`${path}?flush=byte`), 400);
      await publisher.stop();
    });

    it('counts who watches, until they leave', async () => {
      const publisher = await server().publish(newStreamId());
      const { streamId } = publisher;
      publisher.send((await generateMedia(recipe)).chunks);
      const [first, second] = [
        await watch(server(), streamId),
        await watch(server(), streamId, '?flush=frame'),
      ];
      expect(await liveViewers(server(), streamId)).toBe(2);
      expect(await (await server().fetch('/metrics')).text()).toMatch(/^livedrop_live_viewers [1-9]\d*$/m);
      await first.leave();
      await expect.poll(() => liveViewers(server(), streamId)).toBe(1);
      await second.leave();
      await expect.poll(() => liveViewers(server(), streamId)).toBe(0);
      await publisher.stop();
    });
  });

  describe('a viewer of live.mp4', () => {
    const server = useServer(startHost, {
      limits: {
        ...{ liveWaitTime: 0.1, maxLiveBacklogBytes: 24 * 1024 * 1024, maxLiveSkips: 0 },
        ...{ maxBitrate: 1e9, maxMessageRate: 10_000, maxMessageBytes: 64 * 1024 * 1024 },
      },
    });

    it('waits for a picture no longer than it may', async () => {
      const publisher = await server().publish(newStreamId());
      await expectProblem(await server().fetch(`/livestream/${publisher.streamId}/live.mp4`), 404);
      expect((await server().limits()).refused).toMatchObject({ liveWaitTime: 1 });
      await publisher.stop();
    });

    it('that takes nothing is disconnected, and the others miss nothing', async () => {
      const media = { container: 'mpegts', video: 'h264', seconds: 12, bitrate: 40_000_000 } as const;
      const { chunks } = await generateMedia(media);
      const publisher = await server().publish(newStreamId());
      const { streamId } = publisher;
      publisher.send(chunks.slice(0, 30));
      await server().hls(streamId).playlist();
      const url = `${server().url}/livestream/${streamId}/live.mp4`;
      const silent = await new Promise<IncomingMessage>((resolve, reject) => {
        get(url, resolve).on('error', reject);
      });
      const cut = new Promise<boolean>((resolve) => {
        silent.on('error', () => resolve(true));
        silent.on('end', () => resolve(false));
      });
      const other = await watch(server(), streamId);
      await expect.poll(() => liveViewers(server(), streamId)).toBe(2);
      let sent = 0;
      for (const chunk of chunks.slice(30)) {
        publisher.send([chunk]);
        sent += chunk.length;
        await other.until(({ read }) => read > sent * 0.9 - 2_000_000);
      }
      // Kernels hold a few megabytes; what they cannot hold is the server's.
      await expect.poll(() => liveViewers(server(), streamId)).toBe(1);
      silent.resume();
      expect(await cut).toBe(true);
      expect((await server().limits()).refused).toMatchObject({ maxLiveBacklogBytes: 1, maxLiveSkips: 1 });
      await publisher.stop();
      const { samples } = await other.toEnd();
      samples.forEach(({ dts }, index) => expect(dts).toBe(samples[0]!.dts + index * 3000));
    }, 30_000);
  });
}
