import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ffmpegTranscoder } from '../../../server/node/ffmpeg-transcoder.js';
import type { Limits } from '../../../server/options.js';
import { FaultyFfmpeg, type FfmpegFault } from '../../helpers/faulty-ffmpeg.js';
import { childrenOf } from '../../helpers/processes.js';
import { ffmpegPath, generateMedia } from '../../helpers/media.js';
import { setUp } from '../ingest/container-setup.js';

vi.setConfig({ testTimeout: 30_000 });

const PATIENCE = { timeout: 15_000, interval: 10 };
const LIMITS = {
  startTime: 5,
  transcoderStallTime: 1,
  maxTranscoderRestarts: 1,
  maxTranscoderBitrate: 20_000_000,
};

let folder: string;
let file: Buffer;
let ffmpeg: FaultyFfmpeg;
let feeding: ReturnType<typeof setInterval>;
beforeAll(async () => {
  const media = await generateMedia({ container: 'webm', video: 'h264', audio: 'opus', seconds: 30 });
  file = await readFile(media.path);
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livedrop-faults-'));
  ffmpeg = await FaultyFfmpeg.create(folder, ffmpegPath);
});
afterEach(async () => {
  clearInterval(feeding);
  // One that is about to be gone would be taken for that of the next test.
  await vi.waitFor(async () => expect(await childrenOf(process.pid)).toEqual([]), PATIENCE);
  await rm(folder, { recursive: true, force: true });
});

/** A stream that plays, made by a real ffmpeg of a file that goes on; its publisher waits when it is told to. */
async function playing(limits: Partial<Limits> = {}) {
  const stream = setUp(
    { ...LIMITS, ...limits },
    ffmpegTranscoder({ path: ffmpeg.path, maxBufferedBytes: 64 * 1024 }),
  );
  const { ingest } = stream;
  let at = 0;
  let hasRoom = true;
  feeding = setInterval(() => {
    if (!hasRoom) return;
    const bytes = file.subarray(at, (at += 20_000));
    if (ingest.write(bytes)) return;
    hasRoom = false;
    void ingest.drained().then(() => (hasRoom = true));
  }, 20);
  await vi.waitFor(() => expect(stream.stream.playable).toBe(true), PATIENCE);
  const [pid] = await childrenOf(process.pid);
  return { ...stream, pid: pid! };
}

const faults: [FfmpegFault, string, RegExp][] = [
  ['crash', 'exit', /SIGSEGV/],
  ['exit-0', 'exit', /exited with code 0 before the stream ended/],
  ['full-disk', 'exit', /No space left on device/],
  ['missing', 'exit', /ENOENT/],
  ['hang', 'stall', /nothing for/],
  ['garbage', 'garbage', /cannot be read/],
  ['flood', 'flood', /more than 20000000 bits/],
  ['stderr-flood', 'stall', /nothing for/],
];

describe('an ffmpeg that is at fault', () => {
  it.each(faults)('again and again ends its stream and says why: %s', async (fault, kind, reason) => {
    const { failures, notices, stream, pid } = await playing();
    await ffmpeg.break(fault);
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(failures).toHaveLength(1), PATIENCE);
    expect(failures[0]).toMatchObject({ code: 'TRANSCODER_FAILED', message: expect.stringMatching(reason) });
    expect(notices[0]!.message).toContain('SIGKILL');
    expect(stream.transcoderFaults.get(kind)).toBeGreaterThan(0);
    await vi.waitFor(async () => expect(await childrenOf(process.pid)).toEqual([]), PATIENCE);
  });

  it('once goes on when it is well again', async () => {
    const { ingest, failures, stream, statuses, pid } = await playing({ maxTranscoderRestarts: 5 });
    const before = stream.source.window.nextPart;
    await ffmpeg.break('garbage');
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(stream.transcoderFaults.get('garbage')).toBe(1), PATIENCE);
    await ffmpeg.mend();
    await vi.waitFor(() => expect(stream.source.window.nextPart).toBeGreaterThan(before + 2), PATIENCE);
    expect(failures).toEqual([]);
    await vi.waitFor(() => expect(statuses.slice(-2)).toEqual(['reconnecting', 'live']), PATIENCE);
    ingest.kill();
  });

  it('that is stopped in the middle of its work is found, ended and followed by another', async () => {
    const { ingest, failures, stream, pid } = await playing();
    process.kill(pid, 'SIGSTOP');
    await vi.waitFor(() => expect(stream.transcoderFaults.get('stall')).toBe(1), PATIENCE);
    const before = stream.source.window.nextPart;
    await vi.waitFor(() => expect(stream.source.window.nextPart).toBeGreaterThan(before), PATIENCE);
    expect(failures).toEqual([]);
    ingest.kill();
  });
});
