import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { widgetAssets } from '../../../server/node/assets.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livedrop-assets-'));
  const files = {
    'browser/livedrop.js': 'script',
    'browser/assets/hls-Ab12Cd34.js': 'chunk',
    'demo/broadcast.html': '<p>',
    'demo/assets/demo-Ab12Cd34.css': 'p {}',
    'server/secret.js': 'secret',
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('widgetAssets', () => {
  it.each([
    ['livedrop.js', 'script', 'text/javascript; charset=utf-8', false],
    ['assets/hls-Ab12Cd34.js', 'chunk', 'text/javascript; charset=utf-8', true],
    ['demo/broadcast.html', '<p>', 'text/html; charset=utf-8', false],
    ['demo/assets/demo-Ab12Cd34.css', 'p {}', 'text/css; charset=utf-8', true],
  ])('reads %s', async (name, text, type, immutable) => {
    const asset = await widgetAssets(folder).read(name);
    expect(asset).toMatchObject({ type, immutable });
    expect(new TextDecoder().decode(asset?.body)).toBe(text);
  });

  it.each([
    '../server/secret.js',
    'demo/../../server/secret.js',
    'assets/..%2f..%2fserver/secret.js',
    '..\\server\\secret.js',
    'server/secret.js',
    '/etc/passwd',
    '',
    'demo/',
    'missing.js',
  ])("has no '%s'", async (name) => {
    expect(await widgetAssets(folder).read(name)).toBeUndefined();
  });

  it('reads the files once', async () => {
    const assets = widgetAssets(folder);
    const first = await assets.read('livedrop.js');
    await writeFile(join(folder, 'browser/livedrop.js'), 'changed');
    expect(await assets.read('livedrop.js')).toBe(first);
  });

  it('is empty where nothing was built', async () => {
    expect(await widgetAssets(join(folder, 'nowhere')).read('livedrop.js')).toBeUndefined();
  });
});
