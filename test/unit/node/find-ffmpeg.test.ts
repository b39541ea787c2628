import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../../server/node/find-ffmpeg.js';
import { writeProgram } from '../../helpers/programs.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livedrop-find-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const none = () => Promise.resolve(undefined);

/** A program that calls itself this version of ffmpeg. */
function ffmpeg(name: string, version: string): Promise<string> {
  return writeProgram(join(folder, name), `echo 'ffmpeg version ${version} Copyright (c) 2000-2026'`);
}

describe.skipIf(process.platform === 'win32')('findFfmpeg', () => {
  it('takes the given path before all others', async () => {
    const path = await ffmpeg('given', '7.1');
    const bundled = await ffmpeg('bundled', '6.1.1');
    const found = await findFfmpeg({
      path,
      env: { FFMPEG_PATH: '/elsewhere' },
      bundledPath: async () => bundled,
    });
    expect(found).toEqual({ path, version: '7.1', source: 'given' });
  });

  it('takes FFMPEG_PATH next', async () => {
    const path = await ffmpeg('variable', 'N-118193-g5f38c82536');
    const found = await findFfmpeg({ env: { FFMPEG_PATH: path, PATH: '' }, bundledPath: none });
    expect(found).toEqual({ path, version: 'N-118193-g5f38c82536', source: 'given' });
  });

  it('uses no other where the given one cannot be used', async () => {
    const bundled = await ffmpeg('bundled', '6.1.1');
    const path = join(folder, 'missing');
    await expect(findFfmpeg({ path, bundledPath: async () => bundled })).rejects.toThrow(
      `'${path}' is not an ffmpeg that can be used: there is no such file`,
    );
  });

  it('takes ffmpeg-static before PATH', async () => {
    const bundled = await ffmpeg('bundled', '6.1.1');
    await ffmpeg('bin/ffmpeg', '7.1');
    const env = { PATH: join(folder, 'bin') };
    expect(await findFfmpeg({ env, bundledPath: async () => bundled })).toMatchObject({
      path: bundled,
      source: 'ffmpeg-static',
    });
  });

  it('goes on to PATH where ffmpeg-static names a file that was never downloaded', async () => {
    const path = await ffmpeg('bin/ffmpeg', '5.1.9-0+deb12u1');
    const env = { PATH: join(folder, 'bin') };
    const found = await findFfmpeg({ env, bundledPath: async () => join(folder, 'missing') });
    expect(found).toEqual({ path, version: '5.1.9-0+deb12u1', source: 'PATH' });
  });

  it('passes over folders of PATH whose ffmpeg is too old or does not run', async () => {
    await ffmpeg('old/ffmpeg', '4.4.2');
    await writeProgram(join(folder, 'broken/ffmpeg'), 'exit 127');
    await writeProgram(join(folder, 'other/ffmpeg'), 'echo something else');
    const path = await ffmpeg('good/ffmpeg', 'n7.1');
    const folders = ['nowhere', 'old', 'broken', 'other', 'good'].map((name) => join(folder, name));
    const found = await findFfmpeg({ env: { PATH: folders.join(delimiter) }, bundledPath: none });
    expect(found).toEqual({ path, version: 'n7.1', source: 'PATH' });
  });

  it('says what it tried and how to install ffmpeg on each system', async () => {
    await ffmpeg('old/ffmpeg', '4.4.2');
    const env = { PATH: join(folder, 'old') };
    const bundledPath = async () => join(folder, 'missing');
    const error = await findFfmpeg({ env, bundledPath }).catch((reason: Error) => reason);
    expect((error as Error).message.split('\n')).toEqual([
      'ffmpeg was not found.',
      `  ${join(folder, 'missing')}: there is no such file`,
      `  ${join(folder, 'old/ffmpeg')}: it is version 4.4.2, and 5.1 or newer is needed`,
      'Install it:',
      expect.stringContaining('brew install ffmpeg'),
      expect.stringContaining('winget install ffmpeg'),
      expect.stringContaining('sudo apt install ffmpeg'),
      expect.stringContaining('--ffmpeg'),
    ]);
  });

  it('says so where there is none at all', async () => {
    await expect(findFfmpeg({ env: { PATH: '' }, bundledPath: none })).rejects.toThrow(
      'ffmpeg-static is not installed, and no folder of PATH has ffmpeg',
    );
  });
});
