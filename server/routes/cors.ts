import type { MiddlewareHandler } from 'hono';
import { problem } from './problem.js';

/**
 * Playback for pages of some origins alone, where a server has such a list. Their browsers enforce it; requests of programs, and
 * those of a bare `<video>`, tell no origin: who needs more makes the stream private.
 */
export function playbackOriginGuard(origins: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header('Origin');
    const isOwn =
      origin !== undefined && URL.canParse(origin) && new URL(origin).host === c.req.header('Host');
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
  };
}
