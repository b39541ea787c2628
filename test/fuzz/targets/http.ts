import { gunzipSync } from 'node:zlib';
import fc, { type Arbitrary } from 'fast-check';
import type { ReadyAnswer } from '../../../server/index.js';
import { violations } from '../../contract/llhls-rules.js';
import { generateFrames } from '../../helpers/frames.js';
import { mint } from '../../helpers/tokens.js';
import { BYSTANDER, withBystander } from '../bystander.js';
import { checkResponse } from '../answers.js';
import type { FuzzTarget } from '../target.js';
import { silentTranscoder } from '../transcoders.js';
import { TOKEN_SECRET, type World } from '../world.js';

interface Ask {
  method: string;
  path: string[];
  query: [string, string][];
  headers: [string, string][];
}

const NUMBERS = [
  '0',
  '1',
  '2',
  '3',
  '4',
  '5',
  '8',
  '999',
  '2147483648',
  '9007199254740993',
  '1e3',
  '-1',
  '0x1',
  '01',
  '١',
  '',
  ' 1',
  'NaN',
];

/** What stands for a name that only the running server knows. */
const KNOWN = [
  'PLAYLIST',
  'INIT',
  'SEGMENT',
  'PART',
  'HINT',
  'EPOCH-s1.m4s',
  'EPOCH-p0.m4s',
  'EPOCH-p999999999999999.m4s',
  'EPOCH-i9.mp4',
];

/** Nobody may watch it without a token. */
const PRIVATE = 'private';

const segment = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'livestream',
      'livestream',
      BYSTANDER,
      'ended',
      'source',
      'aac',
      'stream.m3u8',
      'live.mp4',
      'api',
      'keys',
      'ws',
    ),
  },
  { weight: 4, arbitrary: fc.constantFrom(...KNOWN) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'embed',
      'demo',
      'healthz',
      'readyz',
      'metrics',
      'assets',
      'hls-1a2b3c4d.js',
      'livedrop.js',
      'watch.html',
      '',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '..',
      '.',
      '%2e%2e',
      '%2F',
      '%00',
      '%',
      '%zz',
      '%c0%ae',
      '%E0%80%AF',
      '\\',
      ';x=1',
      '__proto__',
      'constructor',
      '*',
      ':streamId',
      'a'.repeat(65),
      'a'.repeat(5000),
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
);

const path = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constant('livestream'), fc.constantFrom(BYSTANDER, BYSTANDER, 'ended', PRIVATE), segment)
      .map((all) => [...all]),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constant('livestream'),
        fc.constantFrom(BYSTANDER, 'ended', PRIVATE),
        fc.constantFrom('source', 'source', 'aac'),
        segment,
      )
      .map((all) => [...all]),
  },
  { weight: 3, arbitrary: fc.array(segment, { maxLength: 6 }) },
);

const query: Arbitrary<[string, string]> = fc.tuple(
  fc.oneof(
    fc.constantFrom(
      '_HLS_msn',
      '_HLS_part',
      '_HLS_skip',
      '_HLS_msn',
      '_HLS_part',
      'audio',
      'flush',
      'token',
      '_HLS_push',
      '__proto__',
    ),
    fc.string({ maxLength: 10 }),
  ),
  fc.oneof(
    fc.constantFrom(...NUMBERS),
    fc.constantFrom('TOKEN', 'TOKEN', 'STALE', 'OTHERS'),
    fc.constantFrom('YES', 'v2', 'aac', 'source', 'part', 'frame', 'x'.repeat(3000)),
    fc.string({ unit: 'binary', maxLength: 20 }),
  ),
);

const header: Arbitrary<[string, string]> = fc.tuple(
  fc.constantFrom(
    'Accept-Encoding',
    'Range',
    'If-None-Match',
    'Origin',
    'Host',
    'User-Agent',
    'Upgrade',
    'X-Forwarded-Host',
    'Content-Type',
    'Authorization',
  ),
  fc.constantFrom(
    'gzip',
    'gzip;q=0',
    'br, *;q=0',
    'bytes=0-',
    'bytes=5-1',
    '*',
    'null',
    'AppleCoreMedia/1.0',
    'websocket',
    'h2c',
    '',
    'evil.test:99999',
    '[::1',
    'Bearer x',
    '\u00ff'.repeat(2000),
  ),
);

const ask: Arbitrary<Ask> = fc.record({
  method: fc.constantFrom(
    'GET',
    'GET',
    'GET',
    'GET',
    'HEAD',
    'OPTIONS',
    'POST',
    'PUT',
    'DELETE',
    'PATCH',
    'PROPFIND',
  ),
  path,
  query: fc.array(query, { maxLength: 4 }),
  headers: fc.array(header, { maxLength: 3 }),
});

/** What players ask, which is nearly all that is asked: most of it has an answer. */
const playersAsk: Arbitrary<Ask> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD'),
  path: fc
    .tuple(
      fc.constant('livestream'),
      fc.constantFrom(BYSTANDER, BYSTANDER, PRIVATE),
      fc.constant('source'),
      fc.constantFrom('PLAYLIST', 'PLAYLIST', ...KNOWN),
    )
    .map((all) => [...all]),
  query: fc
    .tuple(
      fc.constantFrom<[string, string][]>(
        [],
        [['_HLS_msn', '2']],
        [
          ['_HLS_msn', '2'],
          ['_HLS_part', '0'],
        ],
        [['_HLS_skip', 'YES']],
      ),
      fc.constantFrom<[string, string][]>([], [['token', 'TOKEN']]),
    )
    .map((both) => both.flat()),
  headers: fc.array(header, { maxLength: 2 }),
});

/** Longer than anything takes that does not wait for media, milliseconds. */
const SOON = 2000;

/** Anyone who asks for anything. */
export const http: FuzzTarget = {
  name: 'http',
  title: 'every HTTP path and query: directives, encodings, methods, headers',
  prepare() {
    const asks = fc.array(fc.oneof(ask, playersAsk), { minLength: 1, maxLength: 12 });
    const property = fc.asyncProperty(asks, async (all) => {
      await withBystander({ hasKeys: true, transcoder: silentTranscoder }, async (world, bystander) => {
        const token = await world.streamKey();
        await startEnded(world, token);
        await startPrivate(world, token);
        const names = new Map([...(await knownNames(world)), ...(await tokens())]);
        for (const each of all) {
          world.problems.push(...(await answer(world, each, names)));
          bystander.send(1);
          world.assert();
        }
      });
    });
    return Promise.resolve({ property });
  },
};

/** A stream that has ended and can still be watched. */
async function startEnded(world: World, token: string | undefined): Promise<void> {
  const client = await world.connect();
  const format = { kind: 'container' };
  client.send(JSON.stringify({ type: 'start-stream', streamId: 'ended', format, token }));
  client.send(JSON.stringify({ type: 'stop-stream', streamId: 'ended' }));
  await client.settled();
}

/** A stream for those who have a token. */
async function startPrivate(world: World, token: string | undefined): Promise<void> {
  const client = await world.connect();
  const { format, frames } = await generateFrames({ video: 'h264', audio: 'aac', seconds: 3 });
  const start = { type: 'start-stream', streamId: PRIVATE, format, token, playback: 'private' };
  client.send(JSON.stringify(start));
  await client.settled();
  for (const { message } of frames) client.send(message);
  const path = `/livestream/${PRIVATE}/stream.m3u8`;
  const { status } = await world.request(path);
  if (status !== 401) throw new Error(`${path} is answered with ${status} to who has no token`);
  const valid = await world.request(`${path}?token=${(await tokens()).get('TOKEN')}`);
  if (valid.status !== 200) throw new Error(`${path} is answered with ${valid.status} to who has a token`);
}

/** That are right, over, and another stream's, by what stands for them. Made once: fast-check plays a case again. */
let minted: Promise<Map<string, string>> | undefined;
function tokens(): Promise<Map<string, string>> {
  const secret = TOKEN_SECRET;
  return (minted ??= Promise.all([
    mint({ secret, streamId: PRIVATE, expiresIn: 86_400 }),
    mint({ secret, streamId: PRIVATE, expiresIn: -60 }),
    mint({ secret, streamId: 'ended', expiresIn: 86_400 }),
  ]).then(([right, stale, others]) => {
    return new Map([
      ['TOKEN', right],
      ['STALE', stale],
      ['OTHERS', others],
    ]);
  }));
}

/** The names of a live stream's media, by what stands for them. */
async function knownNames(world: World): Promise<Map<string, string>> {
  const master = await world.text(`/livestream/${BYSTANDER}/stream.m3u8`);
  const playlist = master
    .split('\n')
    .find((line) => line.endsWith('.m3u8'))!
    .split('/')
    .at(-1)!;
  const media = await world.text(`/livestream/${BYSTANDER}/source/${playlist}`);
  const first = (pattern: RegExp): string => pattern.exec(media)?.[1] ?? 'none';
  return new Map([
    ['PLAYLIST', playlist],
    ['EPOCH', playlist.replace('.m3u8', '')],
    ['INIT', first(/MAP:URI="([^"]+)"/)],
    ['SEGMENT', first(/\n([^#\n]+)/)],
    ['PART', first(/PART:.*URI="([^"]+)"/)],
    ['HINT', first(/HINT:.*URI="([^"]+)"/)],
  ]);
}

async function answer(world: World, each: Ask, names: ReadonlyMap<string, string>): Promise<string[]> {
  const known = (text: string): string =>
    text.replace(/^[A-Z]{4,}(?=$|-)/, (name) => names.get(name) ?? name);
  const query = each.query.map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(known(value))}`,
  );
  const target = `/${each.path.map(known).join('/')}${query.length > 0 ? `?${query.join('&')}` : ''}`;
  const headers = new Headers();
  for (const [name, value] of each.headers) headers.append(name, value);
  if (headers.get('Upgrade') === 'websocket') headers.delete('Upgrade');
  const what = `${each.method} ${target.slice(0, 200)}`;
  const left = new AbortController();
  // A blocking reload waits for what does not come: its client leaves.
  const leaving = setTimeout(() => left.abort(), 20);
  let late: ReturnType<typeof setTimeout> | undefined;
  try {
    const ready =
      each.method === 'GET' ? world.ready(target, headers.get('Accept-Encoding') ?? '') : undefined;
    const response = await Promise.race([
      world.request(target, { method: each.method, headers, signal: left.signal }),
      new Promise<never>((_, reject) => (late = setTimeout(() => reject(new Error('no answer')), SOON))),
    ]);
    const problems = await checkResponse(response, what);
    problems.push(...(await checkPlaylist(response, what)));
    if (ready) problems.push(...(await checkReady(ready, response, what)));
    await response.body?.cancel().catch(() => {});
    return problems;
  } catch (error) {
    return [`${what}: ${(error as Error).stack}`];
  } finally {
    clearTimeout(leaving);
    clearTimeout(late);
  }
}

/** What is wrong with a media playlist, by the rules of low-latency HLS. */
async function checkPlaylist(response: Response, what: string): Promise<string[]> {
  const type = response.headers.get('Content-Type') ?? '';
  if (response.status !== 200 || !what.startsWith('GET ') || !type.includes('mpegurl')) return [];
  const bytes = Buffer.from(await response.clone().arrayBuffer());
  const text = String(response.headers.get('Content-Encoding') === 'gzip' ? gunzipSync(bytes) : bytes);
  if (!text.startsWith('#EXTM3U\n')) return [`${what}: no playlist: ${text.slice(0, 200)}`];
  // The rules are those of media playlists that are whole.
  if (!text.includes('#EXT-X-TARGETDURATION') || text.includes('#EXT-X-SKIP')) return [];
  return violations(text).map((each) => `${what}: ${each}`);
}

/** What was there before the app was asked is what the app answers. */
async function checkReady(ready: ReadyAnswer, response: Response, what: string): Promise<string[]> {
  if (response.status !== 200) return [`${what}: ready, and the app answers ${response.status}`];
  const body = Buffer.from(await response.clone().arrayBuffer());
  if (!body.equals(ready.body)) return [`${what}: what is ready is not what the app answers`];
  return Object.entries(ready.headers)
    .filter(([name, value]) => response.headers.get(name) !== value)
    .map(
      ([name, value]) => `${what}: ready with ${name}: ${value}, by the app ${response.headers.get(name)}`,
    );
}
