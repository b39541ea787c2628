import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FragmentReader } from '../../../server/hls/fragment-reader.js';
import { generateMedia } from '../../fixtures/media/generate.js';
import { writeProgram } from '../../helpers/programs.js';
import { observe, withResolvers } from './transcode-file.js';

vi.setConfig({ testTimeout: 30_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livedrop-transcoder-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Resolves with the first output of a transcoder that is given a file. */
async function running() {
  const { promise: firstOutput, resolve } = withResolvers<Uint8Array>();
  const transcoder = observe({}, {}, resolve);
  transcoder.started.write(await readFile(await generateMedia(folder, 'h264-opus.webm')));
  await firstOutput;
  return transcoder;
}

describe('ffmpegTranscoder', () => {
  it('exits without an error after end()', async () => {
    const { started, exited } = await running();
    started.end();
    expect(await exited).toBeUndefined();
  });

  it('exits with an error after kill(), exactly once', async () => {
    const { started, exited } = await running();
    started.kill();
    started.kill();
    expect((await exited)?.message).toContain('SIGKILL');
    started.kill();
    started.end();
    expect(started.write(new Uint8Array(8))).toBe(true);
    await started.drained();
  });

  it('tells what ffmpeg said of bytes that are no media, also to the log', async () => {
    const lines: { fields: object; message: string }[] = [];
    const info = (fields: object, message: string) => lines.push({ fields, message });
    const logger = { debug: () => {}, info, warn: () => {}, error: () => {} };
    const { started, exited } = observe({ streamId: 'noise' }, { logger });
    started.write(randomBytes(200_000));
    const error = await exited;
    expect(error?.message).toMatch(/^ffmpeg exited with code 1 before the stream ended: /);
    expect(lines).toContainEqual({
      fields: { streamId: 'noise', ffmpegLevel: 'error' },
      message: expect.stringContaining('EBML header'),
    });
  });

  it.each(['webm', 'mp4', 'mpegts'] as const)(
    'exits with an error at the end of garbage as %s',
    async (container) => {
      const { started, exited } = observe({ container });
      started.write(randomBytes(100_000));
      started.end();
      expect(await exited).toBeInstanceOf(Error);
    },
  );

  it('survives writing to an ffmpeg that has closed its stdin', async () => {
    const path = await writeProgram(join(folder, 'deaf'), 'exec <&-', 'sleep 0.2', 'exit 3');
    const { started, exited } = observe({}, { path });
    const feeding = setInterval(() => started.write(new Uint8Array(100_000)), 5);
    expect((await exited)?.message).toContain('exited with code 3');
    clearInterval(feeding);
  });

  it('tells that there is no such program rather than throw', async () => {
    const path = join(folder, 'missing');
    const { started, exited } = observe({}, { path });
    started.write(new Uint8Array(10));
    expect((await exited)?.message).toBe(`ffmpeg '${path}' could not be started: spawn ${path} ENOENT`);
  });

  it('tells that a file is no program', async () => {
    const path = join(folder, 'text');
    await writeFile(path, 'not a program');
    const { exited } = observe({}, { path });
    expect((await exited)?.message).toContain('could not be started');
  });

  it('says stop when ffmpeg is slower than its input, and drains when it reads on', async () => {
    const gate = join(folder, 'gate');
    const wait = `while [ ! -e '${gate}' ]; do sleep 0.02; done`;
    const path = await writeProgram(join(folder, 'slow'), wait, 'exec cat >/dev/null');
    const { started, exited } = observe({}, { path, maxBufferedBytes: 100_000 });
    let room = true;
    let written = 0;
    while (room) {
      room = started.write(new Uint8Array(10_000));
      written += 10_000;
    }
    // What the pipe itself holds comes on top.
    expect(written).toBeLessThan(2_000_000);
    const drained = started.drained();
    await writeFile(gate, '');
    await drained;
    expect(started.write(new Uint8Array(10))).toBe(true);
    started.end();
    expect(await exited).toBeUndefined();
  });

  it('does not keep a writer waiting when it is killed', async () => {
    const path = await writeProgram(join(folder, 'stuck'), 'exec sleep 60');
    const { started, exited } = observe({}, { path, maxBufferedBytes: 100_000 });
    expect(started.write(new Uint8Array(4_000_000))).toBe(false);
    const drained = started.drained();
    started.kill();
    await drained;
    expect((await exited)?.message).toContain('SIGKILL');
  });

  it('goes on with pictures while the sound stalls', async () => {
    const source = await readFile(await generateMedia(folder, 'stalling-audio.webm'));
    const { promise: enough, resolve } = withResolvers<void>();
    let frames = 0;
    const reader = new FragmentReader({
      onTracks: () => {},
      // Of 4 s of pictures at most half a second may wait.
      onSample: ({ track }) => (track === 1 && ++frames === 100 ? resolve() : undefined),
    });
    const { started, exited } = observe({}, {}, (bytes) => reader.push(bytes));
    started.write(source);
    await enough;
    started.end();
    expect(await exited).toBeUndefined();
    expect(frames).toBe(120);
  });
});
