import { Context } from 'hono';
import { Access, type AccessOptions } from '../../../server/access/access.js';
import { memoryKeyStore } from '../../../server/access/key-store.js';
import { StreamKeys } from '../../../server/access/stream-keys.js';
import { defaultLimits, silentLogger } from '../../../server/options.js';
import { Quota } from '../../../server/streams/quota.js';

/** Access under some options, and nothing else. */
export function accessOf(options: Partial<AccessOptions> = {}): Access {
  return new Access({
    ...defaultLimits,
    streamKeys: [],
    stored: new StreamKeys(memoryKeyStore()),
    tokens: undefined,
    adminKey: undefined,
    authorize: undefined,
    playback: 'public',
    origins: { publishOrigins: undefined, publicUrl: undefined },
    logger: silentLogger,
    asking: new Quota(
      'questions',
      { all: 'maxAuthorizing', perAddress: 'maxAuthorizingPerAddress' },
      { ...defaultLimits, maxAuthorizing: 3, maxAuthorizingPerAddress: 2 },
      1,
    ),
    ...options,
  });
}

/** A request with headers. */
export function contextOf(
  headers: Record<string, string> = {},
  url = 'http://localhost:3001/livestream/ws',
): Context {
  const { host } = new URL(url);
  // Of a Request, which may not be given these by a page, but by a test.
  const all = new Headers({ Host: host, ...headers });
  return new Context(new Request(url, { headers: all }));
}

export const CONTEXT = contextOf();
