import type { Context, MiddlewareHandler, Next } from 'hono';
import type { PlaybackOrigins } from '../access/origins.js';
import { problem } from './problem.js';

/**
 * Playback for pages of some origins alone, where there is such a list for a stream. Their browsers enforce it; requests of programs, and
 * those of a bare `<video>`, tell no origin: who needs more makes the stream private.
 */
export function playbackOriginGuard(originsOf: PlaybackOrigins): MiddlewareHandler {
  return (c, next) => {
    const origins = originsOf(c.req.param('streamId') ?? '');
    // Mostly there is none, and then nothing is looked at.
    return origins ? guard(c, next, origins) : next();
  };
}

async function guard(c: Context, next: Next, origins: readonly string[]): Promise<Response | undefined> {
  const origin = c.req.header('Origin');
  const isOwn = origin !== undefined && URL.canParse(origin) && new URL(origin).host === c.req.header('Host');
  if (origin !== undefined && !isOwn && !origins.includes(origin)) {
    return problem(c, 403, `pages of the origin '${origin.slice(0, 100)}' may not play from here`, {
      Vary: 'Origin',
      'Access-Control-Allow-Origin': origins[0] ?? 'null',
    });
  }
  await next();
  if (origin === undefined) c.res.headers.delete('Access-Control-Allow-Origin');
  else c.res.headers.set('Access-Control-Allow-Origin', origin);
  c.res.headers.append('Vary', 'Origin');
  return undefined;
}
