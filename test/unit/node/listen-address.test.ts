import { describe, expect, it } from 'vitest';
import { browserUrl, checkListenAddress, isLoopback } from '../../../server/node/listen-address.js';

describe('isLoopback', () => {
  it.each(['localhost', '127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])('%s is', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(['0.0.0.0', '::', '192.168.1.5', 'localhost.example.com', '128.0.0.1', '::ffff:10.0.0.1', ''])(
    "'%s' is not",
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});

describe('checkListenAddress', () => {
  it('refuses what others can reach while nobody needs a key, and says how to make one', () => {
    expect(() => checkListenAddress('0.0.0.0', false)).toThrow(
      /'0\.0\.0\.0'.*\n.*\n.*livedrop keys create.*\n.*LIVEDROP_STREAM_KEYS/,
    );
  });

  it('takes loopback without keys, and any address with one', () => {
    checkListenAddress('127.0.0.1', false);
    checkListenAddress('0.0.0.0', true);
  });
});

describe('browserUrl', () => {
  it.each([
    ['127.0.0.1', 'http://localhost:3001'],
    ['0.0.0.0', 'http://localhost:3001'],
    ['::', 'http://localhost:3001'],
    ['192.168.1.5', 'http://192.168.1.5:3001'],
    ['2001:db8::5', 'http://[2001:db8::5]:3001'],
    ['live.example', 'http://live.example:3001'],
  ])('%s', (host, url) => {
    expect(browserUrl(host, 3001)).toBe(url);
    expect(browserUrl(host, 3001, 'https')).toBe(url.replace('http:', 'https:'));
  });
});
