import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TokenSource, type TokenGetter } from '../../../widget/elements/token-source.js';
import type { LivedropError } from '../../../widget/errors.js';
import { ControllerHost } from './controller-host.js';

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token that ends so many seconds from now. */
const jwt = (left: number, life = left) => {
  const now = Math.floor(Date.now() / 1000);
  return `${part({ alg: 'HS256' })}.${part({ iat: now + left - life, exp: now + left })}.signature`;
};

function setUp(getToken: TokenGetter | undefined, token?: string) {
  const page = { token: token as string | null | undefined, url: undefined as string | undefined };
  const told: (string | undefined)[] = [];
  const errors: LivedropError[] = [];
  const host = new ControllerHost();
  const source: TokenSource = new TokenSource(host, {
    token: () => page.token,
    url: () => page.url,
    getToken: () => getToken,
    streamId: () => 'show',
    onToken: () => told.push(source.current),
    onError: (error) => errors.push(error),
  });
  return { source, told, errors, page, host };
}

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

describe('TokenSource', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse('2030-01-01T00:00:00Z') });
    vi.stubGlobal('location', { href: 'https://page.example/watch' });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('is the page’s token where there is nowhere to ask', async () => {
    const { source, page } = setUp(undefined, 'one');
    await source.start();
    expect(source.current).toBe('one');
    page.token = 'two';
    expect(source.current).toBe('two');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('asks for the first one, and again when a fifth of its time is left, a minute at most', async () => {
    const tokens = [jwt(100), jwt(3600), 'opaque'];
    const get = vi.fn(() => Promise.resolve(tokens[get.mock.calls.length - 1]!));
    const { source, told } = setUp(get);
    expect(source.isAwaited).toBe(true);
    await source.start();
    expect(get).toHaveBeenCalledWith('show');
    expect([source.isAwaited, source.current]).toEqual([false, tokens[0]]);
    await pass(79);
    expect(get).toHaveBeenCalledTimes(1);
    await pass(1);
    expect(told).toEqual(tokens.slice(0, 2));
    // Made 80 s earlier than it came.
    await pass(3600 - 80 - 60 - 1);
    expect(get).toHaveBeenCalledTimes(2);
    await pass(1);
    expect(source.current).toBe('opaque');
  });

  it('renews the page’s own token', async () => {
    const get = vi.fn(() => jwt(1000));
    const { source, told } = setUp(get, jwt(50));
    await source.start();
    expect(get).not.toHaveBeenCalled();
    await pass(40);
    expect(told).toHaveLength(1);
  });

  it('goes by how long a token was made for, where the page’s clock is wrong', async () => {
    const ahead = (seconds: number) => {
      const now = Math.floor(Date.now() / 1000) + seconds;
      return `${part({ alg: 'HS256' })}.${part({ iat: now, exp: now + 100 })}.signature`;
    };
    for (const clock of [3600, -3600]) {
      const get = vi.fn(() => ahead(clock));
      const { source } = setUp(get);
      await source.start();
      await pass(79);
      expect(get, String(clock)).toHaveBeenCalledTimes(1);
      await pass(1);
      expect(get, String(clock)).toHaveBeenCalledTimes(2);
      source.stop();
    }
  });

  it('asks again and again, less and less often, where it gets none, and keeps what it has', async () => {
    let fails = false;
    const get = vi.fn(() => (fails ? Promise.reject(new Error('away')) : Promise.resolve(jwt(100))));
    const { source } = setUp(get);
    await source.start();
    const first = source.current;
    fails = true;
    await pass(80);
    for (const wait of [1, 2, 4, 8, 15, 15]) {
      get.mockClear();
      await pass(wait);
      expect(get).toHaveBeenCalledTimes(1);
    }
    expect(source.current).toBe(first);
    fails = false;
    await pass(15);
    expect(source.current).not.toBe(first);
  });

  it('asks at once when the server refuses, once', async () => {
    const get = vi.fn(() => jwt(1000));
    const { source } = setUp(get, 'stale');
    await source.start();
    source.refused();
    source.refused();
    await pass(0);
    expect(get).toHaveBeenCalledTimes(1);
    expect(source.current).not.toBe('stale');
  });

  it('stops with its host', async () => {
    const get = vi.fn(() => jwt(10));
    const { source, host } = setUp(get);
    host.connect();
    await source.start();
    host.disconnect();
    await pass(100);
    expect(vi.getTimerCount()).toBe(0);
    expect(get).toHaveBeenCalledTimes(1);
  });

  it('goes on where its host is only moved', async () => {
    const get = vi.fn(() => jwt(100));
    const { source, host } = setUp(get);
    host.connect();
    await source.start();
    host.disconnect();
    host.connect();
    await pass(1);
    expect(source.current).toBeDefined();
    await pass(79);
    expect(get).toHaveBeenCalledTimes(2);
  });

  const without = (claims: object) => () => `${part({ alg: 'HS256' })}.${part(claims)}.signature`;
  const now = () => Math.floor(Date.now() / 1000);

  it.each([
    ['that is over, of an unknown beginning', () => without({ exp: now() - 10 })()],
    ['that ends before it begins', () => without({ iat: now() + 50, exp: now() })()],
    ['whose last minute has begun', () => jwt(30, 3600)],
    ['that is always the same', () => 'a.b.c'],
  ])('asks every five seconds at most, for a token %s', async (_name, give) => {
    const get = vi.fn(give);
    const { source } = setUp(get);
    await source.start();
    await pass(50);
    expect(get.mock.calls.length).toBeLessThanOrEqual(11);
    source.stop();
  });

  it.each([
    ['another one', () => jwt(1000 + Math.random())],
    ['the same one', () => 'a.b.c'],
  ])('asks less and less often where each is refused: %s', async (_name, give) => {
    const get = vi.fn(give);
    const { source } = setUp(get, 'a.b.c');
    await source.start();
    for (const wait of [0, 1, 2, 4, 8, 15, 15]) {
      get.mockClear();
      source.refused();
      await pass(Math.max(0, wait - 0.1));
      expect(get, String(wait)).toHaveBeenCalledTimes(wait === 0 ? 1 : 0);
      await pass(Math.min(wait, 0.1));
      expect(get, String(wait)).toHaveBeenCalledTimes(1);
    }
    source.stop();
  });

  it('asks at once again after one that was taken', async () => {
    let made = 0;
    const get = vi.fn(() => jwt(1000, 1000 + made++));
    const { source } = setUp(get);
    await source.start();
    for (let count = 0; count < 3; count++) {
      get.mockClear();
      source.refused();
      await pass(0);
      expect(get).toHaveBeenCalledTimes(1);
      source.accepted();
    }
    source.stop();
  });

  it.each([[null], ['']])('takes %j of an attribute for none', async (token) => {
    const { source, page } = setUp(() => 'a.b.c');
    page.token = token;
    expect([source.current, source.isAwaited]).toEqual([undefined, true]);
    await source.start();
    expect(source.current).toBe('a.b.c');
    source.stop();
  });

  it('is asked for where that becomes known, and not again where it is asked elsewhere', async () => {
    const { source, page } = setUp(undefined);
    const fetched = vi.fn(() => Promise.resolve(new Response('a.b.c')));
    vi.stubGlobal('fetch', fetched);
    await source.start();
    page.url = '/one';
    source.moved();
    await pass(0);
    expect(source.current).toBe('a.b.c');
    page.url = '/two';
    source.moved();
    await pass(0);
    expect(fetched).toHaveBeenCalledTimes(1);
    source.stop();
  });

  it('gets another in place of the page’s', async () => {
    const { source } = setUp(() => 'new', 'old');
    await source.start();
    expect(await source.renew()).toBe(true);
    expect(source.current).toBe('new');
    source.stop();
    expect(await setUp(undefined, 'old').source.renew()).toBe(false);
    const same = setUp(() => 'old', 'old').source;
    expect(await same.renew()).toBe(false);
    same.stop();
  });

  it.each([
    [() => Promise.resolve(new Response('no', { status: 404 })), '/token', '404'],
    [() => Promise.resolve(new Response('<!doctype html>')), '/token', '200'],
    [() => Promise.reject(new TypeError('Failed to fetch')), '/token', 'Failed to fetch'],
    [() => Promise.resolve(new Response('a.b.c')), 'http://', 'Invalid URL'],
  ])('says what is wrong with an address that gives none, once: %#', async (answer, url, words) => {
    vi.stubGlobal('fetch', answer);
    const { source, errors, page } = setUp(undefined);
    page.url = url;
    await source.start();
    await pass(20);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining(words) as string,
    });
    expect(errors[0]!.message).toContain(url);
    expect(source.error?.message).toBe(errors[0]!.message);
    page.token = 'a.b.c';
    expect(source.error).toBeUndefined();
    source.stop();
  });

  it.each([[undefined], [null], [7], ['']])('says so where getToken gives %j', async (value) => {
    const { source, errors } = setUp((() => value) as unknown as TokenGetter);
    await source.start();
    expect(errors[0]!.message).toMatch(/getToken.* where a string was expected/);
    source.stop();
  });

  it.each([
    ['a.b.c\n', 'a.b.c'],
    ['{"token":"a.b.c"}', 'a.b.c'],
    ['{"error":"no"}', undefined],
    ['', undefined],
    ['{"token":', undefined],
    ['<!doctype html><title>Sign in</title>', undefined],
  ])('reads an answer %j', async (body, token) => {
    const fetched = vi.fn(() => Promise.resolve(new Response(body)));
    vi.stubGlobal('fetch', fetched);
    const { source, page } = setUp(undefined);
    page.url = '/token?room=1';
    await source.start();
    const [[url, init]] = fetched.mock.calls as unknown as [[URL, RequestInit]];
    expect(url.href).toBe('https://page.example/token?room=1&stream=show');
    expect(init).toMatchObject({ credentials: 'same-origin', cache: 'no-store' });
    expect(source.current).toBe(token);
    source.stop();
  });

  it('gives up an answer that does not come', async () => {
    vi.stubGlobal('fetch', (_url: URL, { signal }: RequestInit) => {
      return new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(new Error('aborted'))),
      );
    });
    const { source, page } = setUp(undefined);
    page.url = '/token';
    const asked = source.start();
    await pass(10);
    await asked;
    expect(source.isAwaited).toBe(true);
    source.stop();
  });

  it('gives up a getToken that does not answer, and asks again', async () => {
    const get = vi.fn(() => new Promise<string>(() => {}));
    const { source, errors } = setUp(get);
    const asked = source.start();
    await pass(10);
    await asked;
    expect(errors[0]!.message).toContain('no answer within 10 s');
    await pass(1);
    expect(get).toHaveBeenCalledTimes(2);
    source.stop();
  });
});
