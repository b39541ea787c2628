import { parseArgs, type ParseArgsConfig } from 'node:util';
import { mintToken, StreamKeys, type StreamKeyInfo, type TokenScope } from '../index.js';
import { mintServerToken } from '../access/tokens.js';
import { isStreamId } from '../protocol.js';
import { defaultDataDirectory } from './data-directory.js';
import { readDuration } from './duration.js';
import { keyFile } from './key-file.js';
import { UsageError } from './usage-error.js';

type Environment = Record<string, string | undefined>;

const KEY_HELP = `Usage: livedrop keys <command> [options]

Stream keys: who presents one may publish. A server that has the same --data sees every change at once.

  livedrop keys create                make a key and print it: it is told this once
    --name <text>                     whose it is
    --stream <id>                     what it may publish; may be given several times (default: every stream)
    --private                         viewers of what it publishes need a token
    --playback-origin <origin>        web origin whose pages may play it; may be given several times
                                      (default: as the server says)
  livedrop keys list [--json]         those that there are, without the keys themselves
  livedrop keys rotate <id>           give a key another secret, and print it
    --overlap <time>                  how long the one before is still taken, such as 10m or 1h
                                      (default 0: no more, and what it publishes ends)
  livedrop keys revoke <id>           take it away: what it publishes ends

  --data <directory>                  where keys are kept (LIVEDROP_DATA; default: as the server's)
`;

const TOKEN_HELP = `Usage: livedrop token <stream-id> [options]

Prints a token for one stream, to be given to a page instead of a key.

  --scope <publish|play>    what it lets its bearer do (default publish)
  --expires <time>          how long it is good, such as 90s, 5m or 12h (default 5m)
  --stream-key <key>        signs it (LIVEDROP_STREAM_KEY); needs no server
  --data <directory>        or else the server that has this directory does (LIVEDROP_DATA; default: as the server's)
`;

/**
 * `livedrop keys …`
 * @returns what to print
 * @throws UsageError, UnknownKeyError or RangeError, whose message says what to do
 */
export async function runKeys(args: readonly string[], env: Environment): Promise<string> {
  const { values, positionals } = parse(args, {
    data: { type: 'string' },
    name: { type: 'string' },
    stream: { type: 'string', multiple: true },
    private: { type: 'boolean' },
    'playback-origin': { type: 'string', multiple: true },
    overlap: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  const [command, id] = positionals;
  if (values.help || command === undefined) return KEY_HELP;
  const keys = new StreamKeys(keyFile(dataFolder(values.data, env)));
  const needsId = command === 'rotate' || command === 'revoke';
  if (positionals.length !== (needsId ? 2 : 1)) {
    throw new UsageError(
      needsId ? `keys ${command} takes the id of one key` : `keys ${command} takes no more words`,
    );
  }
  switch (command) {
    case 'create': {
      const playback = values.private ? 'private' : undefined;
      const created = await keys.create({
        ...{ name: values.name, streamIds: values.stream, playback },
        playbackOrigins: values['playback-origin'],
      });
      return `${created.streamKey}\n`;
    }
    case 'list': {
      const list = await keys.list();
      return values.json ? `${JSON.stringify(list, undefined, 2)}\n` : table(list);
    }
    case 'rotate':
      return `${(await keys.rotate(id!, duration('--overlap', values.overlap))).streamKey}\n`;
    case 'revoke':
      await keys.revoke(id!);
      return '';
    default:
      throw new UsageError(`keys ${command} is unknown; give create, list, rotate or revoke`);
  }
}

/**
 * `livedrop token …`
 * @returns what to print
 */
export async function runToken(args: readonly string[], env: Environment): Promise<string> {
  const { values, positionals } = parse(args, {
    scope: { type: 'string' },
    expires: { type: 'string' },
    'stream-key': { type: 'string' },
    data: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) return TOKEN_HELP;
  const [streamId] = positionals;
  if (positionals.length !== 1 || !isStreamId(streamId)) {
    throw new UsageError('token takes one stream id: 1 to 64 letters, digits, _ or -');
  }
  const claims = {
    streamId,
    scope: readScope(values.scope),
    expiresIn: duration('--expires', values.expires),
  };
  const streamKey = values['stream-key'] ?? (env['LIVEDROP_STREAM_KEY'] || undefined);
  if (streamKey) return `${await mintToken(claims, streamKey)}\n`;
  const keys = new StreamKeys(keyFile(dataFolder(values.data, env)));
  return `${await mintServerToken(claims, await keys.tokenSecret())}\n`;
}

function readScope(value = 'publish'): TokenScope {
  if (value === 'publish' || value === 'play') return value;
  throw new UsageError(`--scope is '${value}'; give publish or play`);
}

function duration(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const seconds = readDuration(value);
  if (seconds === undefined)
    throw new UsageError(`${option} is '${value}'; give a time such as 90s, 5m, 12h or 7d`);
  return seconds;
}

/** The same that the server takes without options. */
function dataFolder(value: string | undefined, env: Environment): string {
  return value ?? (env['LIVEDROP_DATA'] || defaultDataDirectory(env));
}

function parse<Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

/** Columns as wide as they must be. */
function table(list: readonly StreamKeyInfo[]): string {
  if (list.length === 0) return 'There are no keys.\n';
  const rows = [
    ['ID', 'CREATED', 'STREAMS', 'PLAYBACK', 'NAME'],
    ...list.map(({ id, createdAt, streamIds, playback, name, previousUntil }) => [
      id,
      createdAt.slice(0, 10),
      streamIds?.join(' ') ?? 'any',
      playback ?? '',
      (name ?? '') + (previousUntil ? ` (the one before until ${previousUntil})` : ''),
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
