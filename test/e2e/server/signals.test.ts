import { beforeAll, describe, expect, it, vi } from 'vitest';
import { Broadcast } from '../../helpers/broadcast.js';
import { CliServer } from '../../helpers/cli-server.js';
import { nextPart } from '../../helpers/hls-client.js';
import { childrenOf, runningOf } from '../../helpers/processes.js';
import { encodeRecording, type RecordingRecipe } from '../../helpers/recorder.js';
import { SocketClient } from '../../helpers/socket-client.js';

const COPIED: RecordingRecipe = { container: 'webm', video: 'h264', audio: 'opus' };
const ENCODED: RecordingRecipe = { container: 'webm', video: 'vp8', audio: 'opus' };

beforeAll(async () => {
  for (const recipe of [COPIED, ENCODED]) await encodeRecording(recipe);
});

interface LiveServer {
  server: CliServer;
  broadcasts: Broadcast[];
  /** Process ids of its ffmpegs. */
  ffmpegs: number[];
}

/** A server with two live streams that are being published. */
async function startLiveServer(): Promise<LiveServer> {
  const server = await CliServer.start();
  const broadcasts = await Promise.all([
    Broadcast.start(server, 'copied', COPIED),
    Broadcast.start(server, 'encoded', ENCODED),
  ]);
  const ffmpegs = await childrenOf(server.process.pid!);
  expect(ffmpegs).toHaveLength(2);
  return { server, broadcasts, ffmpegs };
}

describe.concurrent('signals to a server with live streams', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s publishes everything and ends no playlist', async (signal) => {
    const { server, broadcasts, ffmpegs } = await startLiveServer();
    const viewer = await SocketClient.open(server.socketUrl);
    viewer.send({ type: 'join-stream', streamId: 'copied' });
    await viewer.next('stream-joined');
    // One publisher pauses, so that its viewer has to wait; the other goes on.
    const [paused, unpaused] = broadcasts as [Broadcast, Broadcast];
    await paused.stopRecording();
    await paused.publisher.acknowledged();
    const waiting = paused.hls.request({ msn: nextPart(await paused.hls.playlist()).msn! + 1 });
    await paused.hls.playlist();

    const exitCode = server.stop(signal);
    const refusal = await waiting;
    expect(refusal.status).toBe(503);
    expect(refusal.headers.get('Retry-After')).toBe('1');
    for (const { publisher } of broadcasts) {
      expect(await publisher.socket.next('error')).toMatchObject({ code: 'SHUTTING_DOWN', fatal: true });
      expect(publisher.socket.all('stream-stopped')).toEqual([]);
      expect((await publisher.socket.closed).code).toBe(1012);
    }
    await viewer.next('stream-status', ({ status }) => status === 'reconnecting');
    expect((await viewer.closed).code).toBe(1012);
    expect(await exitCode).toBe(0);
    expect(await runningOf(ffmpegs)).toEqual([]);
    expect(server.output).toBe('');

    // Viewers had the time to fetch the last parts.
    const { recorded, seen } = await paused.frames();
    expect(seen).toEqual([recorded]);
    for (const { follower } of broadcasts) expect((await follower.ended).ended).toBe(false);
    await unpaused.stopRecording();
  });

  it('SIGKILL leaves no ffmpeg behind', async () => {
    const { server, broadcasts, ffmpegs } = await startLiveServer();
    expect(await server.stop('SIGKILL')).toBe('SIGKILL');
    await vi.waitUntil(async () => (await runningOf(ffmpegs)).length === 0, { timeout: 5000 });
    await Promise.all(broadcasts.map((broadcast) => broadcast.stopRecording()));
  });
});
