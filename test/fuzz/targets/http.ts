import fc, { type Arbitrary } from 'fast-check';
import { BYSTANDER, withBystander } from '../bystander.js';
import { checkResponse } from '../answers.js';
import type { FuzzTarget } from '../target.js';
import { silentTranscoder } from '../transcoders.js';
import type { World } from '../world.js';

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
      .tuple(fc.constant('livestream'), fc.constantFrom(BYSTANDER, BYSTANDER, 'ended'), segment)
      .map((all) => [...all]),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constant('livestream'),
        fc.constantFrom(BYSTANDER, 'ended'),
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

/** Longer than anything takes that does not wait for media, milliseconds. */
const SOON = 2000;

/** Anyone who asks for anything. */
export const http: FuzzTarget = {
  name: 'http',
  title: 'every HTTP path and query: directives, encodings, methods, headers',
  prepare() {
    const property = fc.asyncProperty(fc.array(ask, { minLength: 1, maxLength: 12 }), async (asks) => {
      await withBystander({ transcoder: silentTranscoder }, async (world, bystander) => {
        await startEnded(world);
        const names = await knownNames(world);
        for (const each of asks) {
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
async function startEnded(world: World): Promise<void> {
  const client = await world.connect();
  client.send(JSON.stringify({ type: 'start-stream', streamId: 'ended', format: { kind: 'container' } }));
  client.send(JSON.stringify({ type: 'stop-stream', streamId: 'ended' }));
  await client.settled();
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
  const query = each.query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
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
    const response = await Promise.race([
      world.request(target, { method: each.method, headers, signal: left.signal }),
      new Promise<never>((_, reject) => (late = setTimeout(() => reject(new Error('no answer')), SOON))),
    ]);
    const problems = await checkResponse(response, what);
    await response.body?.cancel().catch(() => {});
    return problems;
  } catch (error) {
    return [`${what}: ${(error as Error).stack}`];
  } finally {
    clearTimeout(leaving);
    clearTimeout(late);
  }
}
