import { describe, expect, it } from 'vitest';
import { readCommand, UsageError } from '../../../server/node/cli-options.js';
import { defaultDataDirectory } from '../../../server/node/data-directory.js';

const defaults = {
  kind: 'serve',
  port: 3001,
  host: '127.0.0.1',
  ffmpegPath: undefined,
  streamKeys: [],
  adminKey: undefined,
  tokens: undefined,
  playback: 'public',
  publishOrigins: undefined,
  playbackOrigins: undefined,
  certificate: undefined,
  key: undefined,
  trustedProxies: [],
  packaging: {},
  limits: {},
  httpLimits: {},
  dataDirectory: defaultDataDirectory({}),
  logLevel: 'warn',
};

describe('readCommand', () => {
  it('has defaults for everything', () => {
    expect(readCommand([], {})).toEqual(defaults);
  });

  it('reads the environment', () => {
    const env = {
      LIVEDROP_PORT: '4000',
      LIVEDROP_STREAM_KEYS: 'one, two,,',
      FFMPEG_PATH: '/opt/ffmpeg',
      LIVEDROP_CERTIFICATE: '/etc/cert.pem',
      LIVEDROP_KEY: '/etc/key.pem',
      LIVEDROP_TRUSTED_PROXIES: '10.0.0.1, 192.168.0.0/16',
      LIVEDROP_DATA: '/var/lib/livedrop',
      LIVEDROP_WINDOW: '60',
      LIVEDROP_PART: '0.5',
    };
    expect(readCommand([], env)).toEqual({
      ...defaults,
      port: 4000,
      streamKeys: ['one', 'two'],
      ffmpegPath: '/opt/ffmpeg',
      certificate: '/etc/cert.pem',
      key: '/etc/key.pem',
      trustedProxies: ['10.0.0.1', '192.168.0.0/16'],
      dataDirectory: '/var/lib/livedrop',
      packaging: { windowSegments: 60, partDuration: 0.5 },
    });
  });

  it('prefers options to the environment', () => {
    const env = {
      LIVEDROP_PORT: 'nonsense',
      LIVEDROP_STREAM_KEYS: 'one',
      FFMPEG_PATH: '/opt/ffmpeg',
      LIVEDROP_CERTIFICATE: '/etc/cert.pem',
      LIVEDROP_KEY: '/etc/key.pem',
      LIVEDROP_TRUSTED_PROXIES: '10.0.0.1',
      LIVEDROP_DATA: '/var/lib/livedrop',
      LIVEDROP_WINDOW: '60',
      LIVEDROP_PART: '0.5',
    };
    const tls = ['--certificate', 'my.crt', '--key', 'my.key'];
    const args = [
      ...tls,
      '--port',
      '0',
      '--host',
      '0.0.0.0',
      '--ffmpeg',
      '/my/ffmpeg',
      '--log-level',
      'debug',
      '--trust-proxy',
      '::1',
      '--data',
      'data',
      '--window',
      '30',
      '--part',
      '0.1',
    ];
    expect(readCommand([...args, '--stream-key', 'two', '--stream-key=three'], env)).toEqual({
      ...defaults,
      port: 0,
      host: '0.0.0.0',
      ffmpegPath: '/my/ffmpeg',
      streamKeys: ['two', 'three'],
      certificate: 'my.crt',
      key: 'my.key',
      trustedProxies: ['::1'],
      dataDirectory: 'data',
      packaging: { windowSegments: 30, partDuration: 0.1 },
      logLevel: 'debug',
    });
  });

  it('reads what gives authority', () => {
    const fromEnv = readCommand([], {
      LIVEDROP_DATA: '/data',
      LIVEDROP_ADMIN_KEY: 'admin',
      LIVEDROP_TOKEN_SECRET: 'secret',
      LIVEDROP_TOKEN_JWKS: 'https://id.test/jwks',
      LIVEDROP_PLAYBACK: 'private',
      LIVEDROP_PUBLISH_ORIGINS: 'https://a.test, https://b.test',
      LIVEDROP_PLAYBACK_ORIGINS: 'https://c.test',
    });
    const authority = {
      dataDirectory: '/data',
      adminKey: 'admin',
      tokens: { secret: 'secret', jwks: 'https://id.test/jwks' },
      playback: 'private',
      publishOrigins: ['https://a.test', 'https://b.test'],
      playbackOrigins: ['https://c.test'],
    };
    expect(fromEnv).toEqual({ ...defaults, ...authority });
    const options =
      '--data /data --admin-key admin --token-secret secret --token-jwks https://id.test/jwks --playback private';
    const origins =
      '--publish-origin https://a.test --publish-origin https://b.test --playback-origin https://c.test';
    expect(readCommand(`${options} ${origins}`.split(' '), {})).toEqual(fromEnv);
  });

  it('reads limits by their names', () => {
    const limits = { limits: { maxStreams: 3, graceTime: 1.5 }, httpLimits: { maxConnections: 10 } };
    const args = ['--limit', 'maxStreams=3', '--limit', 'graceTime=1.5', '--limit=maxConnections=10'];
    expect(readCommand(args, { LIVEDROP_LIMITS: 'maxViewers=1' })).toEqual({ ...defaults, ...limits });
    const env = { LIVEDROP_LIMITS: 'maxStreams=3, graceTime=1.5,maxConnections=10' };
    expect(readCommand([], env)).toEqual({ ...defaults, ...limits });
  });

  it('leaves the words after keys and token to them', () => {
    expect(readCommand(['keys', 'list', '--json'], {})).toEqual({ kind: 'keys', args: ['list', '--json'] });
    expect(readCommand(['token', 'show'], {})).toEqual({ kind: 'token', args: ['show'] });
  });

  it('takes empty variables for absent ones', () => {
    const names = [
      'LIVEDROP_PORT',
      'LIVEDROP_STREAM_KEYS',
      'FFMPEG_PATH',
      'LIVEDROP_CERTIFICATE',
      'LIVEDROP_KEY',
      'LIVEDROP_TRUSTED_PROXIES',
      'LIVEDROP_DATA',
      'LIVEDROP_WINDOW',
      'LIVEDROP_ADMIN_KEY',
      'LIVEDROP_TOKEN_SECRET',
      'LIVEDROP_TOKEN_JWKS',
      'LIVEDROP_PLAYBACK',
      'LIVEDROP_PUBLISH_ORIGINS',
      'LIVEDROP_PLAYBACK_ORIGINS',
    ];
    expect(readCommand([], Object.fromEntries(names.map((name) => [name, ''])))).toEqual(defaults);
  });

  it('remembers nothing for a port that is another one every time', () => {
    expect(readCommand(['--port', '0'], {})).toEqual({ ...defaults, port: 0, dataDirectory: undefined });
  });

  it.each([
    [['--help'], 'help'],
    [['-h'], 'help'],
    [['--version'], 'version'],
    [['-v'], 'version'],
  ])('%s', (args, kind) => {
    expect(readCommand(args, {})).toEqual({ kind });
  });

  it.each([
    [['--prot', '1'], {}, '--prot'],
    [['stream'], {}, 'stream'],
    [['--port'], {}, '--port'],
    [['--port', '65536'], {}, "--port is '65536'"],
    [['--port', '80a'], {}, "--port is '80a'"],
    [[], { LIVEDROP_PORT: '-1' }, "LIVEDROP_PORT is '-1'"],
    [['--log-level', 'loud'], {}, "--log-level is 'loud'"],
    [['--playback', 'secret'], {}, "--playback is 'secret'"],
    [['--window', '5'], {}, "--window is '5'; give whole seconds from 6 to 1000"],
    [[], { LIVEDROP_WINDOW: '1001' }, "--window is '1001'"],
    [['--limit', 'maxStream=3'], {}, "there is no limit 'maxStream'"],
    [['--limit', '__proto__=3'], {}, "there is no limit '__proto__'"],
    [['--limit', 'maxStreams=many'], {}, "--limit is 'maxStreams=many'; give maxStreams=<number>"],
    [['--limit', 'maxStreams'], {}, '--limit is'],
    [['--part', '100ms'], {}, "--part is '100ms'; give seconds from 0.05 to 2"],
    [[], { LIVEDROP_PART: '3' }, "--part is '3'"],
  ])('refuses %s %o by name', (args, env, message) => {
    expect(() => readCommand(args, env)).toThrow(UsageError);
    expect(() => readCommand(args, env)).toThrow(message);
  });
});
