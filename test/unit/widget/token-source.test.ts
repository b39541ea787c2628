import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TokenSource, type TokenGetter } from '../../../widget/elements/token-source.js';
import { ControllerHost } from './controller-host.js';

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token that ends so many seconds from now. */
const jwt = (left: number, life = left) => {
  const now = Math.floor(Date.now() / 1000);
  return `${part({ alg: 'HS256' })}.${part({ iat: now + left - life, exp: now + left })}.signature`;
};

function setUp(getToken: TokenGetter | undefined, token?: string) {
  const page = { token, url: undefined as string | undefined };
  const told: (string | undefined)[] = [];
  const host = new ControllerHost();
  const source: TokenSource = new TokenSource(host, {
    token: () => page.token,
    url: () => page.url,
    getToken: () => getToken,
    streamId: () => 'show',
    onToken: () => told.push(source.current),
  });
  return { source, told, page, host };
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
    expect(vi.getTimerCount()).toBe(0);
    await pass(100);
    expect(get).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['a.b.c\n', 'a.b.c'],
    ['{"token":"a.b.c"}', 'a.b.c'],
    ['{"error":"no"}', undefined],
    ['', undefined],
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
  });
});
