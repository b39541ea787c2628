import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { generateMedia } from '../../fixtures/media/generate.js';
import { childrenOf, runningOf } from '../../helpers/processes.js';

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livedrop-orphans-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function startParent() {
  const media = await generateMedia(folder, 'vp8-opus.webm');
  const args = [local('../../../.scripts/run-typescript.mjs'), local('orphan-parent.ts'), media];
  const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(parent.stdout, 'data');
  const children = await childrenOf(parent.pid!);
  expect(children).toHaveLength(1);
  return { parent, ffmpeg: children[0]! };
}

describe.skipIf(process.platform === 'win32')('ffmpeg, when its server is killed with SIGKILL', () => {
  it('ends in the middle of encoding', async () => {
    const { parent, ffmpeg } = await startParent();
    parent.kill('SIGKILL');
    await vi.waitUntil(async () => (await runningOf([ffmpeg])).length === 0, { timeout: 5000 });
  }, 30_000);

  it('ends while nobody reads its output', async () => {
    const { parent, ffmpeg } = await startParent();
    parent.kill('SIGSTOP');
    expect(await runningOf([ffmpeg])).toEqual([ffmpeg]);
    parent.kill('SIGKILL');
    await vi.waitUntil(async () => (await runningOf([ffmpeg])).length === 0, { timeout: 5000 });
  }, 30_000);
});
