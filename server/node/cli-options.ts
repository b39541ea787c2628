import { parseArgs } from 'node:util';
import type { TokenOptions } from '../index.js';
import { defaultPackaging, type PackagingOptions } from '../options.js';
import { defaultDataDirectory } from './data-directory.js';
import { readLimits, type GivenLimits } from './limit-options.js';
import { DEFAULT_HOST } from './listen-address.js';
import { DEFAULT_PORT } from './serve.js';
import { UsageError } from './usage-error.js';

export { UsageError };

/** What the command line and the environment ask for. */
export type Command =
  | { kind: 'help' }
  | { kind: 'version' }
  | { kind: 'keys' | 'token'; args: readonly string[] }
  | ({ kind: 'serve' } & CliOptions);

export interface CliOptions extends GivenLimits {
  port: number;
  host: string;
  ffmpegPath: string | undefined;
  streamKeys: string[];
  adminKey: string | undefined;
  tokens: TokenOptions | undefined;
  playback: 'public' | 'private';
  publishOrigins: string[] | undefined;
  playbackOrigins: string[] | undefined;
  certificate: string | undefined;
  key: string | undefined;
  trustedProxies: string[];
  dataDirectory: string | undefined;
  packaging: Partial<Pick<PackagingOptions, 'partDuration' | 'windowSegments'>>;
  logLevel: LogLevel;
}

const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const HELP = `Usage: livedrop [options]
       livedrop keys create|list|rotate|revoke    stream keys, see livedrop keys --help
       livedrop token <stream-id>                 a token for a page, see livedrop token --help

Serves live streams: pages that broadcast send theirs in, pages that watch play them a second later.

  --port <number>       port to listen on (LIVEDROP_PORT; default ${DEFAULT_PORT}; 0 takes a free one)
  --host <address>      address to listen on (default ${DEFAULT_HOST}: this machine only);
                        any other needs stream keys
  --stream-key <key>    who presents it may publish; may be given several times
                        (LIVEDROP_STREAM_KEYS, separated by commas)
  --admin-key <key>     lets programs make and revoke keys at /api/keys (LIVEDROP_ADMIN_KEY)
  --token-secret <key>  publish and playback tokens signed with it are taken (LIVEDROP_TOKEN_SECRET)
  --token-jwks <url>    so are those signed by a key of this JWK Set (LIVEDROP_TOKEN_JWKS)
  --playback <who>      public, or private: every viewer needs a token (LIVEDROP_PLAYBACK; default public)
  --publish-origin <o>  web origin whose pages may publish; may be given several times
                        (LIVEDROP_PUBLISH_ORIGINS, separated by commas)
  --playback-origin <o> web origin whose pages may play; may be given several times
                        (LIVEDROP_PLAYBACK_ORIGINS; default: any)
  --certificate <file>  serve HTTPS, and HTTP/2, with this certificate, in PEM format (LIVEDROP_CERTIFICATE)
  --key <file>          its private key (LIVEDROP_KEY)
  --trust-proxy <addr>  address or subnet of a proxy whose X-Forwarded-For is believed; may be given several times
                        (LIVEDROP_TRUSTED_PROXIES, separated by commas)
  --window <seconds>    media that stays in the playlist of a live stream, 6 to 1000 (LIVEDROP_WINDOW; default ${defaultPackaging.windowSegments});
                        in memory: windowBytes bounds it, too
  --part <seconds>      wanted length of a part, 0.05 to 2 (LIVEDROP_PART; default ${defaultPackaging.partDuration}): shorter means less latency
                        and more requests
  --limit <name>=<n>    one of the limits that server/README.md lists, such as maxStreams=10; may be given several times
                        (LIVEDROP_LIMITS, separated by commas)
  --ffmpeg <path>       the ffmpeg to run (FFMPEG_PATH; default: ffmpeg-static, then PATH)
  --data <directory>    where to keep stream keys and what streams need to go on after a restart (LIVEDROP_DATA; default:
                        where the system keeps such; nowhere for port 0)
  --log-level <level>   ${LOG_LEVELS.join(', ')} (default warn); written to stderr as JSON lines
  --help                print this
  --version             print the version
`;

/**
 * Options win over the environment.
 * @throws UsageError naming the option or variable and its value
 */
export function readCommand(args: readonly string[], env: Record<string, string | undefined>): Command {
  const [first] = args;
  if (first === 'keys' || first === 'token') return { kind: first, args: args.slice(1) };
  const values = parse(args);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const port =
    values.port === undefined
      ? readPort('LIVEDROP_PORT', env['LIVEDROP_PORT'])
      : readPort('--port', values.port);
  // On a port that is another one every time nobody comes back.
  const dataDirectory = port === 0 ? undefined : defaultDataDirectory(env);
  return {
    kind: 'serve',
    port,
    host: values.host ?? DEFAULT_HOST,
    ffmpegPath: values.ffmpeg ?? (env['FFMPEG_PATH'] || undefined),
    trustedProxies: readList(values['trust-proxy'], env['LIVEDROP_TRUSTED_PROXIES']) ?? [],
    streamKeys: readList(values['stream-key'], env['LIVEDROP_STREAM_KEYS']) ?? [],
    adminKey: values['admin-key'] ?? (env['LIVEDROP_ADMIN_KEY'] || undefined),
    tokens: readTokens(
      values['token-secret'] ?? env['LIVEDROP_TOKEN_SECRET'],
      values['token-jwks'] ?? env['LIVEDROP_TOKEN_JWKS'],
    ),
    playback: readPlayback(values.playback ?? env['LIVEDROP_PLAYBACK']),
    publishOrigins: readList(values['publish-origin'], env['LIVEDROP_PUBLISH_ORIGINS']),
    playbackOrigins: readList(values['playback-origin'], env['LIVEDROP_PLAYBACK_ORIGINS']),
    certificate: values.certificate ?? (env['LIVEDROP_CERTIFICATE'] || undefined),
    key: values.key ?? (env['LIVEDROP_KEY'] || undefined),
    packaging: {
      ...readWindow(values.window ?? env['LIVEDROP_WINDOW']),
      ...readPart(values.part ?? env['LIVEDROP_PART']),
    },
    ...readLimits(readList(values.limit, env['LIVEDROP_LIMITS']) ?? []),
    dataDirectory: values.data ?? (env['LIVEDROP_DATA'] || dataDirectory),
    logLevel: readLogLevel(values['log-level']),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        'stream-key': { type: 'string', multiple: true },
        'admin-key': { type: 'string' },
        'token-secret': { type: 'string' },
        'token-jwks': { type: 'string' },
        playback: { type: 'string' },
        'publish-origin': { type: 'string', multiple: true },
        'playback-origin': { type: 'string', multiple: true },
        certificate: { type: 'string' },
        key: { type: 'string' },
        'trust-proxy': { type: 'string', multiple: true },
        window: { type: 'string' },
        part: { type: 'string' },
        limit: { type: 'string', multiple: true },
        data: { type: 'string' },
        ffmpeg: { type: 'string' },
        'log-level': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function readPort(name: string, value: string | undefined): number {
  if (value === undefined || value === '') return DEFAULT_PORT;
  const port = Number(value);
  if (/^\d+$/.test(value) && port <= 65_535) return port;
  throw new UsageError(`${name} is '${value}'; give a number from 0 to 65535`);
}

/** In segments, which last a second. */
function readWindow(value: string | undefined): { windowSegments?: number } {
  if (!value) return {};
  const seconds = Number(value);
  if (Number.isInteger(seconds) && seconds >= 6 && seconds <= 1000) return { windowSegments: seconds };
  throw new UsageError(`--window is '${value}'; give whole seconds from 6 to 1000`);
}

function readPart(value: string | undefined): { partDuration?: number } {
  if (!value) return {};
  const seconds = Number(value);
  if (seconds >= 0.05 && seconds <= 2) return { partDuration: seconds };
  throw new UsageError(`--part is '${value}'; give seconds from 0.05 to 2`);
}

/** @returns undefined where there is nothing in it */
function readList(values: readonly string[] | undefined, variable: string | undefined): string[] | undefined {
  const list = (values ?? variable?.split(',') ?? [])
    .map((value) => value.trim())
    .filter((value) => value !== '');
  return list.length > 0 ? list : undefined;
}

function readTokens(secret: string | undefined, jwks: string | undefined): TokenOptions | undefined {
  if (!secret && !jwks) return undefined;
  return { ...(secret ? { secret } : {}), ...(jwks ? { jwks } : {}) };
}

function readPlayback(value: string | undefined): 'public' | 'private' {
  if (!value || value === 'public') return 'public';
  if (value === 'private') return value;
  throw new UsageError(`--playback is '${value}'; give public or private`);
}

function readLogLevel(value: string | undefined): LogLevel {
  const level = LOG_LEVELS.find((candidate) => candidate === (value ?? 'warn'));
  if (level) return level;
  throw new UsageError(`--log-level is '${value}'; give one of ${LOG_LEVELS.join(', ')}`);
}
