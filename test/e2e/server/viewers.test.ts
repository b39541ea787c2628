import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Broadcast } from '../../helpers/broadcast.js';
import { CliServer } from '../../helpers/cli-server.js';
import { nextPart } from '../../helpers/hls-client.js';
import { ffmpegPath, ffprobePath } from '../../helpers/media.js';
import { encodeRecording, type RecordingRecipe } from '../../helpers/recorder.js';
import { SocketClient } from '../../helpers/socket-client.js';

const run = promisify(execFile);

const WEBM: RecordingRecipe = { container: 'webm', video: 'h264', audio: 'opus' };

let server: CliServer;
beforeAll(async () => {
  await encodeRecording(WEBM);
  server = await CliServer.start();
});
afterAll(() => server?.stop());

async function watch(streamId: string): Promise<SocketClient> {
  const viewer = await SocketClient.open(server.socketUrl);
  viewer.send({ type: 'join-stream', streamId });
  return viewer;
}

async function statusOf(streamId: string): Promise<{ status: string; viewers: number }> {
  const response = await fetch(`${server.url}/livestream/${streamId}`);
  return (await response.json()) as { status: string; viewers: number };
}

it('counts viewers as they join, leave and vanish', async () => {
  const early = await watch('counted');
  expect(await early.next('stream-joined')).toMatchObject({ status: 'waiting', viewers: 1 });
  const elsewhere = await watch('another');
  const broadcast = await Broadcast.start(server, 'counted', WEBM);
  const { socket } = broadcast.publisher;
  await early.next('stream-status', ({ status }) => status === 'live');

  /** The publisher, the viewers and the status page come to agree. */
  const becomes = async (viewers: number, witnesses: SocketClient[]): Promise<void> => {
    await Promise.all(
      [socket, ...witnesses].map((witness) => witness.next('viewer-count', ({ count }) => count === viewers)),
    );
    expect(await statusOf('counted')).toMatchObject({ status: 'live', viewers });
  };

  await becomes(1, []);
  const viewers = await Promise.all([watch('counted'), watch('counted'), watch('counted')]);
  await becomes(4, [early, ...viewers]);
  const [leaving, closing, vanishing] = viewers;

  leaving.send({ type: 'leave-stream', streamId: 'counted' });
  await becomes(3, [early, closing, vanishing]);
  await closing.close();
  await becomes(2, [early, vanishing]);
  vanishing.terminate();
  await becomes(1, [early]);

  // Whoever joins twice is one, and so is whoever leaves twice; who publishes is none.
  leaving.send({ type: 'join-stream', streamId: 'counted' });
  leaving.send({ type: 'join-stream', streamId: 'counted' });
  await becomes(2, [early, leaving]);
  leaving.send({ type: 'leave-stream', streamId: 'counted' });
  leaving.send({ type: 'leave-stream', streamId: 'counted' });
  await becomes(1, [early]);

  await broadcast.stop();
  expect(await early.next('stream-status')).toMatchObject({ status: 'ended' });
  expect(await statusOf('counted')).toEqual(expect.objectContaining({ status: 'ended', viewers: 1 }));
  expect(elsewhere.all('viewer-count')).toEqual([{ type: 'viewer-count', streamId: 'another', count: 1 }]);
  await Promise.all([early, leaving, elsewhere].map((viewer) => viewer.close()));
});

it('announces counts at most twice a second, and the last one always', async () => {
  const witness = await watch('crowd');
  const crowd = await Promise.all(Array.from({ length: 30 }, () => watch('crowd')));
  await witness.next('viewer-count', ({ count }) => count === 31);
  for (const viewer of crowd) viewer.terminate();
  await witness.next('viewer-count', ({ count }) => count === 1);
  const times = witness.arrivals.filter(({ message }) => message.type === 'viewer-count').map(({ at }) => at);
  // Messages travel for a while, some longer than others.
  for (const [index, at] of times.slice(2).entries()) expect(at - times[index]!).toBeGreaterThan(900);
  await witness.close();
});

it('ends the playlist on stop-stream, for those who wait too, with everything published in it', async () => {
  const broadcast = await Broadcast.start(server, 'stopped', WEBM);
  const { hls, publisher } = broadcast;
  await broadcast.segments(2);
  await broadcast.stopRecording();
  await publisher.acknowledged();
  const waiting = hls.playlist({ msn: nextPart(await hls.playlist()).msn! + 1 });
  expect(await publisher.stop()).toMatchObject({ reason: 'stopped' });
  expect((await waiting).ended).toBe(true);

  const { recorded, seen } = await broadcast.frames();
  expect(seen).toEqual([recorded]);
  const count = [
    '-v',
    'error',
    '-count_frames',
    '-select_streams',
    'v:0',
    '-show_entries',
    'stream=nb_read_frames',
  ];
  const { stdout } = await run(ffprobePath, [...count, '-of', 'csv=p=0', hls.url], { timeout: 20_000 });
  expect(Number.parseInt(stdout)).toBe(recorded.length);
  const decode = ['-v', 'warning', '-xerror', '-i', hls.url, '-f', 'null', '-'];
  const { stderr } = await run(ffmpegPath, decode, { timeout: 20_000 });
  expect(stderr).toBe('');
  await publisher.close();
});
