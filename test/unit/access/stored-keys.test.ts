import { describe, expect, it, vi } from 'vitest';
import { memoryKeyStore } from '../../../server/access/key-store.js';
import { StreamKeys, UnknownKeyError } from '../../../server/access/stream-keys.js';
import { mintServerToken, mintToken } from '../../../server/access/tokens.js';
import { mint } from '../../helpers/tokens.js';
import { accessOf, CONTEXT } from './access-of.js';

function setUp() {
  let now = Date.parse('2030-01-01T00:00:00Z');
  const store = memoryKeyStore();
  const keys = new StreamKeys(store, () => now);
  const access = accessOf({ stored: keys });
  return {
    store,
    keys,
    access,
    pass: (seconds: number) => (now += seconds * 1000),
    publish: (token: string | undefined, streamId = 'show') =>
      access.authorizePublish({ streamId, token, context: CONTEXT }),
  };
}

describe('stored keys', () => {
  it('are stored so that nobody who reads the store can publish', async () => {
    const { store, keys, publish } = setUp();
    const { id, streamKey } = await keys.create({ name: 'Kitchen' });
    const text = JSON.stringify(await store.read());
    expect(text).not.toContain(streamKey);
    expect(text).not.toContain(streamKey.split('_').at(-1));
    const { hash, publicKey } = (await store.read()).keys![0]!;
    for (const stolen of [hash, publicKey, id, `ldk_${id}_${hash.slice(0, 48)}`]) {
      await expect(publish(stolen), stolen).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
      for (const alg of [stolen, Buffer.from(stolen, 'hex').toString('latin1')].filter(Boolean)) {
        const secret = alg.startsWith('ldk_') ? `x${alg}` : alg;
        const token = await mint({ streamId: 'show', scope: 'publish', secret });
        await expect(publish(token), stolen).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
      }
    }
    await expect(publish(streamKey)).resolves.toMatchObject({ key: { id } });
  });

  it('are each another, of 192 random bits', async () => {
    const { keys } = setUp();
    const made = await Promise.all(Array.from({ length: 20 }, () => keys.create()));
    expect(new Set(made.map(({ streamKey }) => streamKey)).size).toBe(20);
    for (const { id, streamKey } of made) expect(streamKey).toMatch(new RegExp(`^ldk_${id}_[0-9a-f]{48}$`));
  });

  it('open the server to nobody when the last is revoked', async () => {
    const { keys, publish } = setUp();
    await expect(publish(undefined)).resolves.toEqual({});
    const { id } = await keys.create();
    await expect(publish(undefined)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await keys.revoke(id);
    await expect(publish(undefined)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('say which pages may play, by themselves and by their tokens', async () => {
    const { keys, publish } = setUp();
    const playbackOrigins = ['https://blog.example'];
    const { streamKey } = await keys.create({ playbackOrigins });
    const token = await mintToken({ streamId: 'show', scope: 'publish' }, streamKey);
    for (const each of [streamKey, token]) expect(await publish(each)).toMatchObject({ playbackOrigins });
    expect(await keys.list()).toMatchObject([{ playbackOrigins }]);
    await expect(keys.create({ playbackOrigins: ['https://a.test/path'] })).rejects.toThrow(
      'playbackOrigins',
    );
    const many = Array.from({ length: 101 }, (_, index) => `https://${index}.test`);
    await expect(keys.create({ playbackOrigins: many })).rejects.toThrow('100');
  });

  it('whose store was emptied are needed still', async () => {
    const { store, keys, access, publish } = setUp();
    const grant = await publish((await keys.create()).streamKey);
    await store.update(() => ({}));
    for (const token of [undefined, 'anything'])
      await expect(publish(token)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(access.stands(grant)).toBe(false);
    // Which writes to the store, and makes it one that never had a key.
    await keys.tokenSecret();
    await expect(publish(undefined)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    const { streamKey } = await keys.create();
    await publish(streamKey);
  });

  it('do not come to be by asking for one that is not there', async () => {
    const { keys, publish } = setUp();
    await expect(keys.revoke('000000000000')).rejects.toThrow(UnknownKeyError);
    await expect(keys.rotate('000000000000')).rejects.toThrow("no stream key '000000000000'");
    await expect(publish(undefined)).resolves.toEqual({});
  });

  it('go on after a rotation for the overlap and no longer', async () => {
    const { keys, access, pass, publish } = setUp();
    const { id, streamKey: first } = await keys.create();
    const grant = await publish(first);
    const { streamKey: second, previousUntil } = await keys.rotate(id, 60);
    expect(previousUntil).toBe('2030-01-01T00:01:00.000Z');
    expect(keys.nextExpiry).toBe(Date.parse(previousUntil!));
    pass(59);
    await publish(first);
    await publish(second);
    expect(access.stands(grant)).toBe(true);
    pass(1);
    await expect(publish(first)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(access.stands(grant)).toBe(false);
    await publish(second);
    expect(keys.nextExpiry).toBeUndefined();
  });

  it('sign tokens that die with them', async () => {
    const { keys, publish } = setUp();
    const { id, streamKey } = await keys.create();
    const claims = { streamId: 'show', scope: 'publish' } as const;
    const known = (await keys.recognise(streamKey))!;
    const tokens = [
      await mintToken(claims, streamKey),
      await mintServerToken(claims, await keys.tokenSecret(), known.grant),
    ];
    for (const token of tokens) expect(await publish(token)).toMatchObject({ key: { id } });
    await keys.rotate(id);
    for (const token of tokens) await expect(publish(token)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it.each([
    ['name', { name: 'x'.repeat(101) }],
    ['name', { name: 'a\r\nb' }],
    ['stream id', { streamIds: ['a', '../b'] }],
    ['1000 streams', { streamIds: Array.from({ length: 1001 }, (_, index) => `s${index}`) }],
  ])('are refused for a wrong %s', async (about, fields) => {
    await expect(setUp().keys.create(fields)).rejects.toThrow(about);
  });

  it.each([-1, Number.NaN, Infinity, 1e9])('overlap by no %s s', async (overlap) => {
    const { keys } = setUp();
    const { id } = await keys.create();
    await expect(keys.rotate(id, overlap)).rejects.toThrow('overlap is');
  });

  it('let nobody in while they cannot be read', async () => {
    const { store, publish } = setUp();
    vi.spyOn(store, 'read').mockRejectedValue(new Error('damaged'));
    const error: unknown = await publish(undefined).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', status: 503, retryAfter: 5 });
    expect((error as Error).message).not.toContain('damaged');
  });

  it('hold as they were known last while they cannot be read, which is told once', async () => {
    const { store, keys } = setUp();
    const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const access = accessOf({ stored: keys, logger: log });
    const { streamKey } = await keys.create();
    const publish = () => access.authorizePublish({ streamId: 'show', token: streamKey, context: CONTEXT });
    const grant = await publish();
    const read = vi.spyOn(store, 'read').mockRejectedValue(new Error('no disk'));
    await access.checkOrigin(CONTEXT);
    expect(access.stands(grant)).toBe(true);
    const token = await mintToken({ streamId: 'show', scope: 'play' }, streamKey);
    const watch = () =>
      access.authorizePlay({ streamId: 'show', token, context: CONTEXT }, { isPrivate: true });
    for (const ask of [publish, watch, publish]) await expect(ask()).rejects.toMatchObject({ retryAfter: 5 });
    expect(log.error).toHaveBeenCalledOnce();
    read.mockRestore();
    await watch();
    await expect(publish()).resolves.toEqual(grant);
    expect(log.info).toHaveBeenCalledOnce();
  });

  it('are not written by looking at a token', async () => {
    const { store, publish } = setUp();
    await store.update((state) => ({ ...state, keys: [] }));
    const update = vi.spyOn(store, 'update');
    const token = await mintToken({ streamId: 'show', scope: 'publish' }, 'x'.repeat(40));
    await expect(publish(token)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(update).not.toHaveBeenCalled();
  });
});
