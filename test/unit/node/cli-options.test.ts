import { describe, expect, it } from 'vitest';
import { readCommand, UsageError } from '../../../server/node/cli-options.js';
import { defaultDataDirectory } from '../../../server/node/data-directory.js';

const defaults = {
  kind: 'serve',
  port: 3001,
  host: '127.0.0.1',
  ffmpegPath: undefined,
  streamKeys: [],
  certificate: undefined,
  key: undefined,
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
      LIVEDROP_DATA: '/var/lib/livedrop',
    };
    expect(readCommand([], env)).toEqual({
      ...defaults,
      port: 4000,
      streamKeys: ['one', 'two'],
      ffmpegPath: '/opt/ffmpeg',
      certificate: '/etc/cert.pem',
      key: '/etc/key.pem',
      dataDirectory: '/var/lib/livedrop',
    });
  });

  it('prefers options to the environment', () => {
    const env = {
      LIVEDROP_PORT: 'nonsense',
      LIVEDROP_STREAM_KEYS: 'one',
      FFMPEG_PATH: '/opt/ffmpeg',
      LIVEDROP_CERTIFICATE: '/etc/cert.pem',
      LIVEDROP_KEY: '/etc/key.pem',
      LIVEDROP_DATA: '/var/lib/livedrop',
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
      '--data',
      'data',
    ];
    expect(readCommand([...args, '--stream-key', 'two', '--stream-key=three'], env)).toEqual({
      kind: 'serve',
      port: 0,
      host: '0.0.0.0',
      ffmpegPath: '/my/ffmpeg',
      streamKeys: ['two', 'three'],
      certificate: 'my.crt',
      key: 'my.key',
      dataDirectory: 'data',
      logLevel: 'debug',
    });
  });

  it('takes empty variables for absent ones', () => {
    const names = [
      'LIVEDROP_PORT',
      'LIVEDROP_STREAM_KEYS',
      'FFMPEG_PATH',
      'LIVEDROP_CERTIFICATE',
      'LIVEDROP_KEY',
      'LIVEDROP_DATA',
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
  ])('refuses %s %o by name', (args, env, message) => {
    expect(() => readCommand(args, env)).toThrow(UsageError);
    expect(() => readCommand(args, env)).toThrow(message);
  });
});
