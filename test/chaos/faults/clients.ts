import { fault, type Fault, type Promises } from '../fault.js';
import type { Arena } from '../arena.js';
import type { Random } from '../random.js';
import { bogusRequests, malformedMessages, overLimits, silence, slowHeaders, slowReaders } from '../crowd.js';

const promises: Promises = { keepsSamples: 'all', seam: 'none' };

/** Answers to anybody else, ms. */
const ALIVE = 2000;

function crowd(
  name: string,
  title: string,
  act: (arena: Arena, random: Random) => Promise<void>,
  times = 2,
): Fault {
  return fault<undefined>({
    name,
    title: `clients: ${title}`,
    times,
    promises,
    prepare: () => Promise.resolve(undefined),
    inject: async (_target, arena, random) => {
      const from = Date.now();
      await act(arena, random);
      const health = await fetch(`${arena.server.url}/healthz`, { signal: AbortSignal.timeout(ALIVE) });
      if (!health.ok) throw new Error(`/healthz answers ${health.status}`);
      return { from, to: Date.now() };
    },
  });
}

/** What others do to the server: the streams that are on it do not notice. */
export const CLIENTS: readonly Fault[] = [
  crowd('slow-readers', '60 ask for media and never read, 40 join and never read', slowReaders),
  crowd('slow-loris', '300 send a header a byte at a time', slowHeaders),
  crowd('silent-connections', '1000 connections that say nothing', silence),
  crowd('bogus-playlists', '10 000 requests for playlists of streams that do not exist', bogusRequests),
  crowd('malformed-messages', 'messages and frames that are nonsense', malformedMessages),
  crowd('over-limits', 'too large, too many, too fast', overLimits),
];
