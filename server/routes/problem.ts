import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { LivestreamError, PlaybackError } from '../errors.js';
import type { Logger } from '../options.js';

const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  426: 'Upgrade required',
  429: 'Too many requests',
  500: 'Internal server error',
  502: 'Bad gateway',
  503: 'Service unavailable',
};

/** An answer of RFC 9457, `application/problem+json`. Readable from any origin, like the media. */
export function problem(
  c: Context,
  status: number,
  detail: string,
  headers: Record<string, string> = {},
): Response {
  const body = { type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail };
  return c.body(JSON.stringify(body), status as ContentfulStatusCode, {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    'Access-Control-Allow-Origin': '*',
    ...headers,
  });
}

/** Turns what a route threw into an answer, in one place for all of them. */
export function errorHandler(logger: Logger): (error: Error, c: Context) => Response {
  return (error, c) => {
    if (error instanceof PlaybackError) {
      const headers: Record<string, string> = {};
      if (error.retryAfter !== undefined) headers['Retry-After'] = String(error.retryAfter);
      return problem(c, error.status, error.message, headers);
    }
    if (error instanceof LivestreamError) {
      // RFC 9110 §15.5.2.
      const headers: Record<string, string> = error.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {};
      return problem(c, error.status, error.message, headers);
    }
    if (error instanceof HTTPException) return problem(c, error.status, error.message);
    logger.error({ err: error, path: c.req.path }, 'a request could not be handled');
    return problem(c, 500, 'the request could not be handled');
  };
}
