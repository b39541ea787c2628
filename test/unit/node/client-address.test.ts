import { Hono } from 'hono';
import { describe, expect, it, vi } from 'vitest';
import { clientAddress, type ClientAddressOptions } from '../../../server/node/client-address.js';

/** Who a request seems to come from, whose socket's other end is `remote`. */
async function seen(
  remote: string | undefined,
  forwardedFor?: string,
  options: ClientAddressOptions = {},
): Promise<string | undefined> {
  const addressOf = clientAddress(options);
  let address: string | undefined;
  const app = new Hono().get('/', (c) => {
    address = addressOf(c);
    return c.body(null, 204);
  });
  const headers: HeadersInit = forwardedFor === undefined ? {} : { 'X-Forwarded-For': forwardedFor };
  const env = { incoming: { socket: { remoteAddress: remote } } };
  expect((await app.request('/', { headers }, env)).status).toBe(204);
  return address;
}

const behind = { trustedProxies: ['10.0.0.0/8', '::1'] };

describe('clientAddress', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8::6', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['127.0.0.1', undefined],
    ['::1', undefined],
    ['::ffff:127.0.0.1', undefined],
    [undefined, undefined],
  ])('of a socket with %s is %s', async (remote, address) => {
    expect(await seen(remote)).toBe(address);
  });

  it('believes nobody who says to speak for others', async () => {
    expect(await seen('192.0.2.1', '198.51.100.7')).toBe('192.0.2.1');
    expect(await seen('192.0.2.1', '198.51.100.7', behind)).toBe('192.0.2.1');
    expect(await seen('127.0.0.1', '198.51.100.7')).toBeUndefined();
  });

  it.each([
    ['198.51.100.7', '198.51.100.7'],
    // What the client made up stands before what the proxy knows.
    ['203.0.113.9, 198.51.100.7', '198.51.100.7'],
    ['127.0.0.1, 198.51.100.7', '198.51.100.7'],
    ['198.51.100.7, 10.1.2.3', '198.51.100.7'],
    ['198.51.100.7:4711', '198.51.100.7'],
    ['[2001:db8:1:2::9]:4711', '2001:db8:1:2::/64'],
    ['nonsense, 198.51.100.7', '198.51.100.7'],
    ['nonsense', '10.9.9.9'],
    ['', '10.9.9.9'],
    [`${'198.51.100.7, '.repeat(5000)}198.51.100.8`, '198.51.100.8'],
  ])('believes a trusted proxy what it added itself: %.60s', async (header, address) => {
    expect(await seen('10.9.9.9', header, behind)).toBe(address);
    expect(await seen('::ffff:10.9.9.9', header, behind)).toBe(address);
  });

  it('warns once of a proxy that is not trusted', async () => {
    const warn = vi.fn();
    const logger = { debug: vi.fn(), info: vi.fn(), warn, error: vi.fn() };
    const addressOf = clientAddress({ logger });
    const app = new Hono().get('/', (c) => c.text(String(addressOf(c))));
    for (let count = 0; count < 3; count++) {
      const env = { incoming: { socket: { remoteAddress: '172.17.0.1' } } };
      await app.request('/', { headers: { 'X-Forwarded-For': '198.51.100.7' } }, env);
    }
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      { proxy: '172.17.0.1' },
      expect.stringContaining('--trust-proxy'),
    );
  });

  it.each(['localhost', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0', '::1/129', '', '10.0.0.0/-1'])(
    "refuses '%s' as a trusted proxy",
    (proxy) => {
      expect(() => clientAddress({ trustedProxies: [proxy] })).toThrow(`trusted proxy '${proxy}' is no`);
    },
  );
});
