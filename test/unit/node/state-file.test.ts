import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StateFile } from '../../../server/node/state-file.js';
import { silentLogger } from '../../../server/options.js';
import type { StreamState } from '../../../server/streams/stream-state.js';

const state = (streamId: string, received = 0) => ({ streamId, received }) as StreamState;

describe('StateFile', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'livedrop-state-file-'));
    path = join(folder, 'data', 'streams.json');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is read by the next process as it was left, and by nobody else', async () => {
    const file = await StateFile.open(path);
    expect(file.found).toEqual([]);
    await Promise.all([file.save(state('a', 1)), file.save(state('b')), file.save(state('A'))]);
    await file.save(state('a', 2));
    await file.delete('b');
    expect((await StateFile.open(path)).found).toEqual([state('a', 2), state('A')]);
    expect(await readdir(join(folder, 'data'))).toEqual(['streams.json']);
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('keeps what it found of streams that are not saved again', async () => {
    await (await StateFile.open(path)).save(state('a'));
    await (await StateFile.open(path)).save(state('b'));
    expect((await StateFile.open(path)).found).toEqual([state('a'), state('b')]);
  });

  it('is never seen half written', async () => {
    const file = await StateFile.open(path);
    const large = 'x'.repeat(1_000_000);
    await file.save({ ...state('a'), title: large });
    let writing = true;
    const writes = (async () => {
      for (let count = 0; count < 20; count++) await file.save({ ...state('a', count), title: large });
      writing = false;
    })();
    while (writing) JSON.parse(await readFile(path, 'utf8'));
    await writes;
  });

  it('writes in one go what was asked for during the write before', async () => {
    const file = await StateFile.open(path);
    const before = performance.now();
    await Promise.all(
      Array.from({ length: 2000 }, (_, index) => file.save(state(`stream-${index % 50}`, index))),
    );
    expect(performance.now() - before).toBeLessThan(1000);
    expect((await StateFile.open(path)).found).toHaveLength(50);
  });

  it.each(['', '{"version":1,"streams":[{"stre', 'null', '{"version":2,"streams":[]}', '[1]'])(
    'takes %j for no streams, says so, and goes on',
    async (content) => {
      const file = join(folder, 'streams.json');
      await writeFile(file, content);
      const warn = vi.fn();
      const opened = await StateFile.open(file, { ...silentLogger, warn });
      expect(opened.found).toEqual([]);
      expect(warn).toHaveBeenCalledOnce();
      await opened.save(state('a'));
      expect((await StateFile.open(file)).found).toEqual([state('a')]);
    },
  );

  it('rejects what it cannot write, and writes again when it can', async () => {
    const blocked = join(folder, 'blocked');
    await writeFile(blocked, 'a file where a directory should be');
    const file = await StateFile.open(join(blocked, 'streams.json'));
    await expect(file.save(state('a'))).rejects.toThrow();
    await rm(blocked);
    await file.save(state('b'));
    expect((await StateFile.open(join(blocked, 'streams.json'))).found).toEqual([state('a'), state('b')]);
  });
});
