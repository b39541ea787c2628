import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generateFrames, messagesOf, repeatFrames, sendFramesInRealTime } from '../../helpers/frames.js';
import { HlsClient } from '../../helpers/hls-client.js';
import { generateMedia } from '../../helpers/media.js';
import { ObservedServer } from '../../helpers/observed-server.js';
import { PlaylistFollower } from '../../helpers/playlist-follower.js';
import { Publisher } from '../../helpers/publisher.js';

/** Each less than the server is suspended for. */
const LIMITS = { silenceTime: 1.5, graceTime: 1.5, startTime: 1.5, transcoderStallTime: 1.5 };
const SUSPENSION = 5000;

let server: ObservedServer;
beforeAll(async () => {
  server = await ObservedServer.start(LIMITS);
});
afterAll(() => server?.close());

it('a server that was suspended for longer than all its patience goes on with every stream', async () => {
  const url = (id: string): string => `${server.url}/livestream/${id}/stream.m3u8`;
  const frames = await generateFrames({ video: 'h264', audio: 'aac', seconds: 3 });
  const media = await generateMedia({ container: 'webm', video: 'h264', audio: 'opus', seconds: 30 });
  const over = new AbortController();
  const encoder = await Publisher.start(server.socketUrl, 'frames', { format: frames.format });
  const recorder = await Publisher.start(server.socketUrl, 'container');
  const gone = await Publisher.start(server.socketUrl, 'gone', { format: frames.format });
  gone.send(messagesOf(frames.frames));
  const sending = [
    sendFramesInRealTime(encoder, repeatFrames(frames), over.signal),
    recorder.sendInRealTime(media.chunks, media.seconds, over.signal).catch(() => {}),
  ];
  const followers = ['frames', 'container'].map((id) => new PlaylistFollower(new HlsClient(url(id))));
  await Promise.all(followers.map((follower) => follower.part()));
  // Its publisher is away just now, and comes back while the server sleeps.
  const { resumeToken } = gone.started;
  gone.socket.terminate();
  const status = async (): Promise<unknown> => {
    const response = await fetch(`${server.url}/livestream/gone`);
    return ((await response.json()) as { status: unknown }).status;
  };
  await expect.poll(status, { interval: 20 }).toBe('reconnecting');

  server.process.kill('SIGSTOP');
  await delay(SUSPENSION);
  const resumed = gone.resume();
  server.process.kill('SIGCONT');

  const before = followers.map(({ arrivals }) => arrivals.length);
  for (const [index, follower] of followers.entries()) {
    await expect
      .poll(() => follower.arrivals.length, { timeout: 20_000 })
      .toBeGreaterThan(before[index]! + 40);
  }
  // A stream that had ended would have begun afresh.
  expect((await resumed).resumeToken).toBe(resumeToken);
  over.abort();
  await Promise.all(sending);
  for (const [index, publisher] of [encoder, recorder].entries()) {
    expect(publisher.socket.all('error')).toEqual([]);
    expect(publisher.socket.all('stream-stopped')).toEqual([]);
    expect(followers[index]!.arrivals.some(({ discontinuity }) => discontinuity)).toBe(false);
  }
  await Promise.all([encoder, recorder, gone].map((publisher) => publisher.close()));
});
