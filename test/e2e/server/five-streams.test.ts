import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorMessage } from '../../../server/protocol.js';
import { Broadcast } from '../../helpers/broadcast.js';
import { CliServer } from '../../helpers/cli-server.js';
import { noise } from '../../helpers/noise.js';
import { childrenOf } from '../../helpers/processes.js';
import { Publisher } from '../../helpers/publisher.js';
import { encodeRecording, FRAME_RATE, webmHeader, type RecordingRecipe } from '../../helpers/recorder.js';

const WEBM: RecordingRecipe = { container: 'webm', video: 'h264', audio: 'opus' };
const MP4: RecordingRecipe = { container: 'mp4', video: 'h264', audio: 'aac' };
const MPEG_TS: RecordingRecipe = { container: 'mpegts', video: 'h264-b-frames', audio: 'aac' };

const INTERVAL = 100;
const CHUNK_BYTES = 10_000;

beforeAll(async () => {
  for (const recipe of [WEBM, MP4, MPEG_TS]) await encodeRecording(recipe);
});

/** Publishes a header and then noise until the server says what it thinks of it. */
async function publishNoise(
  socketUrl: string,
  header: Buffer,
): Promise<{ error: ErrorMessage; after: number }> {
  const publisher = await Publisher.start(socketUrl, 'noise');
  const start = performance.now();
  publisher.send([Buffer.concat([header, noise(CHUNK_BYTES)])]);
  const timer = setInterval(() => publisher.send([noise(CHUNK_BYTES)]), INTERVAL);
  try {
    const error = await publisher.socket.next('error');
    const after = performance.now() - start;
    expect((await publisher.socket.next('stream-stopped')).reason).toBe('failed');
    expect((await publisher.socket.closed).code).toBe(1008);
    return { error, after };
  } finally {
    clearInterval(timer);
  }
}

describe.each([
  ['noise', () => Promise.resolve(Buffer.alloc(0)), 'UNSUPPORTED_FORMAT', WEBM],
  ['noise behind a WebM header', () => webmHeader(WEBM), 'TRANSCODER_FAILED', MP4],
] as const)('five streams at once, one of them %s', (_, header, code, killedRecipe) => {
  let server: CliServer;
  beforeAll(async () => {
    server = await CliServer.start();
  });
  afterAll(() => server?.stop());

  it('lose no frame to the noise, nor to the death of an ffmpeg, whose stream goes on', async () => {
    const killed = await Broadcast.start(server, 'killed', killedRecipe);
    const [victim, ...others] = await childrenOf(server.process.pid!);
    expect(others).toEqual([]);
    const told = publishNoise(server.socketUrl, await header());
    const sound = await Promise.all([
      Broadcast.start(server, 'first', WEBM),
      Broadcast.start(server, 'second', MP4),
      Broadcast.start(server, 'third', MPEG_TS),
    ]);
    await Promise.all(sound.map((broadcast) => broadcast.segments(1)));

    const killedAt = performance.now();
    process.kill(victim!, 'SIGKILL');
    const back = await killed.follower.part(({ discontinuity }) => discontinuity);
    expect(back.at - killedAt).toBeLessThan(3000);
    await killed.segments(1);
    const { recorded, seen } = await killed.stop();
    expect(seen).toHaveLength(2);
    // It goes on at the key frame before.
    const shown = new Set(seen.flat());
    expect(recorded.filter((frame) => !shown.has(frame)).length).toBeLessThan(FRAME_RATE);

    const { error, after } = await told;
    expect(error).toMatchObject({ code, streamId: 'noise', fatal: true });
    expect(after).toBeLessThan(10_000);

    for (const broadcast of sound) {
      const frames = await broadcast.stop();
      expect(frames.seen).toEqual([frames.recorded]);
      expect(frames.recorded.length).toBeGreaterThan(2 * FRAME_RATE);
    }
  });
});
