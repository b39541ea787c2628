import type { Context } from 'hono';
import { PlaybackError } from '../errors.js';
import type { Limits } from '../options.js';
import type { Quota } from '../streams/quota.js';
import type { ClientAddress } from './socket.js';

export interface RequestServices {
  limits: Limits;
  /** Requests that wait for what is not there yet. */
  waiting: Quota;
  /** Responses of live.mp4. */
  liveViewers: Quota;
  clientAddress: ClientAddress;
}

/**
 * What is read of a URL takes time for each of its characters. Not by a middleware, which would cost media a part of its
 * throughput.
 * @throws PlaybackError 414
 */
export function checkUrl(c: Context, { maxUrlLength }: Pick<Limits, 'maxUrlLength'>): void {
  const { length } = c.req.raw.url;
  if (length <= maxUrlLength) return;
  throw new PlaybackError(
    414,
    `a URL of ${length} characters; the most is ${maxUrlLength}`,
    undefined,
    'maxUrlLength',
  );
}

/**
 * Holds a request's place among those that wait.
 * @throws LivestreamError RATE_LIMITED or SERVER_FULL
 */
export async function whileWaiting<T>(
  c: Context,
  streamId: string,
  { waiting, clientAddress }: RequestServices,
  wait: () => Promise<T>,
): Promise<T> {
  const done = waiting.take({ streamId, address: clientAddress(c) });
  try {
    return await wait();
  } finally {
    done();
  }
}
