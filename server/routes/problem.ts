import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { LivestreamError, PlaybackError } from '../errors.js';
import type { Logger } from '../options.js';
import type { Refusals } from '../streams/refusals.js';
import { DOCUMENT_HEADERS } from './security-headers.js';

const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  409: 'Conflict',
  413: 'Too large',
  414: 'URI too long',
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
    ...DOCUMENT_HEADERS,
    ...headers,
  });
}

/** Turns what a route threw into an answer, in one place for all of them. */
export function errorHandler(logger: Logger, refusals: Refusals): (error: Error, c: Context) => Response {
  return (error, c) => {
    if (error instanceof PlaybackError || error instanceof LivestreamError) {
      const { status, message, retryAfter, limit } = error;
      refusals.count(limit);
      return problem(c, status, message, {
        ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
        // RFC 9110 §15.5.2.
        ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
      });
    }
    if (error instanceof HTTPException) return problem(c, error.status, error.message);
    logger.error({ err: error, path: c.req.path }, 'a request could not be handled');
    return problem(c, 500, 'the request could not be handled');
  };
}
