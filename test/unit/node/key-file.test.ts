import { writeFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StreamKeys } from '../../../server/access/stream-keys.js';
import { runKeys, runToken } from '../../../server/node/key-commands.js';
import { keyFile } from '../../../server/node/key-file.js';

let folder = '';
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'livedrop-keys-')), 'data');
});
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

const path = () => join(folder, 'stream-keys.json');
const env = () => ({ LIVEDROP_DATA: folder });

describe('keyFile', () => {
  it.skipIf(process.platform === 'win32')('is for its user alone, and leaves nothing beside it', async () => {
    const keys = new StreamKeys(keyFile(folder));
    await keys.create();
    expect((await stat(path())).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await chmod(path(), 0o644);
    await keys.create();
    expect((await stat(path())).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['stream-keys.json']);
  });

  it('loses no change, of however many at once', async () => {
    const stores = [1, 2, 3].map(() => new StreamKeys(keyFile(folder)));
    await Promise.all(stores.flatMap((keys) => Array.from({ length: 5 }, () => keys.create())));
    expect(await stores[0]!.list()).toHaveLength(15);
  });

  it('sees the changes of others', async () => {
    const [one, other] = [new StreamKeys(keyFile(folder)), new StreamKeys(keyFile(folder))];
    const { id, streamKey } = await one.create();
    expect(await other.recognise(streamKey)).toMatchObject({ grant: { id } });
    const told = new Promise<void>((resolve, reject) => other.watch(resolve, reject));
    await one.revoke(id);
    await told;
    expect(await other.recognise(streamKey)).toBeUndefined();
  });

  it.each([-60_000, 3_600_000])(
    'goes on after a process that was killed while it wrote, %i ms from now',
    async (ms) => {
      const keys = new StreamKeys(keyFile(folder));
      await keys.create();
      await writeFile(`${path()}.lock`, '');
      // The later one: the machine's clock was set back since.
      const then = new Date(Date.now() + ms);
      await utimes(`${path()}.lock`, then, then);
      await keys.create();
      expect(await keys.list()).toHaveLength(2);
    },
  );

  it('loses no change where several find the lock of a process that is gone', async () => {
    await mkdir(folder);
    await writeFile(`${path()}.lock`, '');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${path()}.lock`, longAgo, longAgo);
    const stores = Array.from({ length: 8 }, () => new StreamKeys(keyFile(folder)));
    await Promise.all(stores.map((keys) => keys.create()));
    expect(await stores[0]!.list()).toHaveLength(8);
    expect(await readdir(folder)).toEqual(['stream-keys.json']);
  });

  it('writes nothing under a lock that it has lost, and leaves it to whoever has it', async () => {
    const store = keyFile(folder);
    await store.update(() => ({ keys: [] }));
    const change = store.update((state) => {
      writeFileSync(`${path()}.lock`, 'of another');
      return { ...state, tokenSecret: 'late' };
    });
    await expect(change).rejects.toThrow('was lost to another process');
    expect(await keyFile(folder).read()).toEqual({ keys: [] });
    expect(await readFile(`${path()}.lock`, 'utf8')).toBe('of another');
  });

  it.each(['', '{', 'null', '{"version":2,"keys":[]}', '{"version":1,"keys":{}}'])(
    'lets nobody in where it holds %j',
    async (text) => {
      await new StreamKeys(keyFile(folder)).create();
      await writeFile(path(), text);
      const keys = new StreamKeys(keyFile(folder));
      await expect(keys.inUse()).rejects.toThrow(/stream-keys\.json' is (damaged|not of this version)/);
    },
  );
});

it('a server whose key file is gone asks for a key still', async () => {
  const keys = new StreamKeys(keyFile(folder));
  await keys.create();
  await rm(path());
  expect(await keys.inUse()).toBe(true);
  expect(await keys.list()).toEqual([]);
});

describe('livedrop keys', () => {
  it('makes, lists, rotates and revokes', async () => {
    const key = (
      await runKeys(['create', '--name', 'Kitchen', '--stream', 'a', '--stream', 'b'], env())
    ).trim();
    const id = key.split('_')[1]!;
    const list = await runKeys(['list', '--data', folder], {});
    expect(list).toMatch(new RegExp(`^ID .*\\n${id} .* a b .*Kitchen\\n$`));
    expect(JSON.parse(await runKeys(['list', '--json'], env()))).toMatchObject([
      { id, streamIds: ['a', 'b'] },
    ]);
    const rotated = (await runKeys(['rotate', id, '--overlap', '1h'], env())).trim();
    expect(rotated).toMatch(new RegExp(`^ldk_${id}_`));
    const keys = new StreamKeys(keyFile(folder));
    expect([await keys.recognise(key), await keys.recognise(rotated)]).not.toContain(undefined);
    expect(await runKeys(['revoke', id], env())).toBe('');
    expect(await runKeys(['list'], env())).toBe('There are no keys.\n');
    expect(await readFile(path(), 'utf8')).not.toContain(id);
  });

  it.each([
    [['create', 'x'], undefined, 'no more words'],
    [['revoke'], undefined, 'the id of one key'],
    [['revoke', '000000000000'], undefined, "no stream key '000000000000'"],
    [['rotate', 'x', '--overlap', 'soon'], undefined, "--overlap is 'soon'"],
    [['melt'], undefined, 'keys melt is unknown'],
    [['create', '--frob'], undefined, '--frob'],
  ])('%j is refused', async (args, environment, message) => {
    await expect(runKeys(args, environment ?? env())).rejects.toThrow(message);
  });
});

describe('livedrop token', () => {
  it('signs with a key, with no server, or with what the server has', async () => {
    const byKey = await runToken(
      [
        'show',
        '--stream-key',
        'a-key-of-more-than-32-random-characters',
        '--scope',
        'play',
        '--expires',
        '90s',
      ],
      {},
    );
    const claims = JSON.parse(Buffer.from(byKey.split('.')[1]!, 'base64url').toString()) as Record<
      string,
      number
    >;
    expect(claims).toMatchObject({ sub: 'show', scope: 'play' });
    expect(claims['exp']! - claims['iat']!).toBe(90);
    expect(await runToken(['show'], { ...env(), LIVEDROP_STREAM_KEY: '' })).toMatch(
      /^[\w-]+\.[\w-]+\.[\w-]+\n$/,
    );
    // A secret is no key: the server asks nobody for one because of it.
    expect(await new StreamKeys(keyFile(folder)).inUse()).toBe(false);
  });

  it.each([
    [[], 'one stream id'],
    [['a/b'], 'one stream id'],
    [['show', '--scope', 'all'], "--scope is 'all'"],
    [['show', '--expires', '2d'], 'from 1 to 86400'],
  ])('%j is refused', async (args, message) => {
    await expect(runToken(args, env())).rejects.toThrow(message);
  });
});
