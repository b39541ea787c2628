import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { needsInstall } from '../../../.scripts/dependencies.mjs';

describe('whether dependencies need installing', () => {
  let folder = '';

  const lockfile = (packages: Record<string, object>) => JSON.stringify({ lockfileVersion: 3, packages });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'livedrop-install-'));
    await mkdir(join(folder, 'node_modules'));
    await writeFile(
      join(folder, 'package-lock.json'),
      lockfile({
        '': { version: '0.1.0' },
        'node_modules/hono': { version: '4.0.0' },
        'node_modules/ffmpeg-static': { version: '5.3.0', optional: true },
      }),
    );
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const installed = (packages: Record<string, object>) =>
    writeFile(join(folder, 'node_modules/.package-lock.json'), lockfile(packages));

  it('says yes where nothing is installed', () => {
    expect(needsInstall(folder)).toBe(true);
  });

  it('says no where everything that is not optional is there', async () => {
    await installed({ 'node_modules/hono': { version: '4.0.0' } });
    expect(needsInstall(folder)).toBe(false);
  });

  it('says yes where a package is missing or of another version', async () => {
    await installed({});
    expect(needsInstall(folder)).toBe(true);
    await installed({ 'node_modules/hono': { version: '4.0.1' } });
    expect(needsInstall(folder)).toBe(true);
  });
});
