import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Broadcast, type ServerAddress } from '../../helpers/broadcast.js';
import { CliServer } from '../../helpers/cli-server.js';
import { ObservedServer } from '../../helpers/observed-server.js';
import { encodeRecording, type RecordingRecipe } from '../../helpers/recorder.js';
import { SocketClient } from '../../helpers/socket-client.js';

const WEBM: RecordingRecipe = { container: 'webm', video: 'h264', audio: 'opus' };
const MP4: RecordingRecipe = { container: 'mp4', video: 'h264', audio: 'aac' };
const MPEG_TS: RecordingRecipe = { container: 'mpegts', video: 'h264-b-frames', audio: 'aac' };

const GRACE = 1;

let server: CliServer;
let hasty: ObservedServer;
beforeAll(async () => {
  for (const recipe of [WEBM, MP4, MPEG_TS]) await encodeRecording(recipe);
  [server, hasty] = await Promise.all([CliServer.start(), ObservedServer.start({ graceTime: GRACE })]);
});
afterAll(() => Promise.all([server?.stop(), hasty?.close()]));

async function watch({ socketUrl }: ServerAddress, streamId: string): Promise<SocketClient> {
  const viewer = await SocketClient.open(socketUrl);
  viewer.send({ type: 'join-stream', streamId });
  await viewer.next('stream-joined');
  return viewer;
}

async function statusOf({ url }: ServerAddress, streamId: string): Promise<string> {
  return ((await (await fetch(`${url}/livestream/${streamId}`)).json()) as { status: string }).status;
}

describe.concurrent('a publisher whose connection breaks', () => {
  it.each([
    ['webm', WEBM],
    ['mp4', MP4],
    ['mpegts', MPEG_TS],
  ])('goes on with %s where it was, as often as it breaks', async (name, recipe) => {
    const broadcast = await Broadcast.start(server, name, recipe);
    const { publisher } = broadcast;
    const viewer = await watch(server, name);
    for (let breaks = 0; breaks < 2; breaks++) {
      await broadcast.segments(1);
      const sent = publisher.sent;
      publisher.socket.terminate();
      await viewer.next('stream-status', ({ status }) => status === 'reconnecting');
      expect(await statusOf(server, name)).toBe('reconnecting');
      // It goes on recording meanwhile.
      await vi.waitUntil(() => publisher.sent > sent + 2, { timeout: 5000 });
      const { received } = await publisher.resume();
      expect(received).toBeGreaterThan(0);
      expect(received).toBeLessThan(publisher.sent);
      await viewer.next('stream-status', ({ status }) => status === 'live');
    }
    await broadcast.segments(1);
    const { recorded, seen } = await broadcast.stop();
    expect(seen).toEqual([recorded]);
    await viewer.close();
  });

  it('goes on over another connection while the old one still seems to be there', async () => {
    const broadcast = await Broadcast.start(server, 'moved', WEBM);
    const { publisher } = broadcast;
    const before = publisher.socket;
    await publisher.resume();
    expect((await before.next('stream-stopped')).reason).toBe('replaced');
    expect((await before.closed).code).toBe(4409);
    await broadcast.segments(1);
    const { recorded, seen } = await broadcast.stop();
    expect(seen).toEqual([recorded]);
  });

  it.each([
    ['webm', WEBM],
    ['mp4', MP4],
    ['mpegts', MPEG_TS],
  ])('ends its stream of %s when it does not come back within the grace time', async (name, recipe) => {
    const broadcast = await Broadcast.start(hasty, name, recipe);
    const { publisher, follower } = broadcast;
    const viewer = await watch(hasty, name);
    await broadcast.segments(1);
    await broadcast.stopRecording();
    await publisher.acknowledged();
    publisher.socket.terminate();
    await viewer.next('stream-status', ({ status }) => status === 'reconnecting');
    const brokenAt = performance.now();
    await viewer.next('stream-status', ({ status }) => status === 'ended');
    expect(performance.now() - brokenAt).toBeGreaterThan(GRACE * 1000 - 100);
    expect((await follower.ended).ended).toBe(true);
    expect(await statusOf(hasty, name)).toBe('ended');

    const { recorded, seen } = await broadcast.frames();
    expect(seen).toEqual([recorded]);
    // The token is worth nothing any more: the stream begins anew.
    expect((await publisher.resume()).received).toBe(0);
    await Promise.all([publisher.close(), viewer.close()]);
  });
});
