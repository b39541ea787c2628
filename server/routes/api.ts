import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import * as v from 'valibot';
import type { StreamKeyRecord } from '../access/key-store.js';
import { isOneOf, sha256 } from '../access/secrets.js';
import { UnknownKeyError, type StreamKeys } from '../access/stream-keys.js';
import { isKeyId } from '../access/stream-key.js';
import { mintServerToken } from '../access/tokens.js';
import { LivestreamError, PlaybackError } from '../errors.js';
import { RateLimit } from '../ingest/rate-limit.js';
import type { Limits, Logger } from '../options.js';
import { STREAM_ID_PATTERN } from '../protocol.js';
import type { KeyGrant } from '../streams/publish-grant.js';

export interface ApiServices {
  keys: StreamKeys;
  /** Whoever has it may do everything here. Absent: nobody may make keys. */
  adminKey: string | undefined;
  /** Wrong keys a minute are those of all callers together. */
  limits: Pick<Limits, 'maxApiFailures' | 'maxApiBodyBytes'>;
  logger: Logger;
}

/** When to try again after too many wrong keys, seconds. */
const FAILURE_WINDOW = 60;

/** Of a request for a token: whose it is. */
type Requester = 'admin' | { record: StreamKeyRecord; grant: KeyGrant };

const streamId = v.pipe(v.string(), v.regex(STREAM_ID_PATTERN, 'must be 1 to 64 letters, digits, _ or -'));
const seconds = v.pipe(v.number(), v.finite(), v.minValue(0));

/** What `POST /keys` takes, and nothing else: a key whose restriction was misspelt would be one without it; … */
export const newKey = v.strictObject({
  name: v.optional(v.string()),
  streamIds: v.optional(v.array(streamId)),
  playback: v.optional(v.literal('private')),
  playbackOrigins: v.optional(v.array(v.string())),
});
/** … `POST /keys/:id/rotate`, … */
export const rotation = v.strictObject({ overlap: v.optional(seconds) });
/** … and `POST /tokens`. */
export const newToken = v.strictObject({
  streamId,
  scope: v.picklist(['publish', 'play']),
  expiresIn: v.optional(seconds),
});

/** Keys and tokens, for programs: JSON in, JSON out, `Authorization: Bearer` with the admin key or, for tokens, a stream key. */
export function apiRoutes({ keys, adminKey, limits, logger }: ApiServices): Hono {
  const { maxApiFailures, maxApiBodyBytes } = limits;
  const app = new Hono();
  const digests = adminKey === undefined ? Promise.resolve([]) : sha256(adminKey).then((digest) => [digest]);
  const failures = new RateLimit(maxApiFailures / FAILURE_WINDOW, FAILURE_WINDOW);

  const refuse = (): never => {
    if (!failures.take(1)) {
      throw new LivestreamError('RATE_LIMITED', 'too many wrong keys; try again in a minute', {
        ...{ limit: 'maxApiFailures', retryAfter: FAILURE_WINDOW },
      });
    }
    throw new LivestreamError('UNAUTHORIZED', "give 'Authorization: Bearer' with a key that may do this");
  };
  const isAdmin = async (c: Context): Promise<boolean> => isOneOf(bearer(c) ?? '', digests);
  const adminOnly: MiddlewareHandler = async (c, next) => ((await isAdmin(c)) ? next() : refuse());
  const requesters = new WeakMap<Context, Requester>();

  app.use('/keys', adminOnly);
  app.use('/keys/*', adminOnly);
  app.use('/tokens', async (c, next) => {
    const given = bearer(c);
    const requester = (await isAdmin(c)) ? 'admin' : given && (await keys.recognise(given));
    requesters.set(c, requester || refuse());
    await next();
  });
  // Of those alone who may say something.
  app.use(
    bodyLimit({
      maxSize: maxApiBodyBytes,
      onError: () => {
        const message = `a body of more than ${maxApiBodyBytes} bytes; give the fields that there are`;
        throw new LivestreamError('TOO_LARGE', message, { limit: 'maxApiBodyBytes' });
      },
    }),
  );

  app.get('/keys', async (c) => json(c, { keys: await keys.list() }));

  app.post('/keys', async (c) => {
    const created = await keys.create(await body(c, newKey));
    logger.info({ keyId: created.id }, 'a stream key was created');
    return json(c, created, 201);
  });

  app.post('/keys/:id/rotate', async (c) => {
    const id = keyId(c.req.param('id'));
    const { overlap } = await body(c, rotation);
    const rotated = await keys.rotate(id, overlap);
    logger.info({ keyId: id, overlap }, 'a stream key was rotated');
    return json(c, rotated);
  });

  app.delete('/keys/:id', async (c) => {
    const id = keyId(c.req.param('id'));
    await keys.revoke(id);
    logger.info({ keyId: id }, 'a stream key was revoked');
    return c.body(null, 204, HEADERS);
  });

  app.post('/tokens', async (c) => {
    const known = requesters.get(c) ?? refuse();
    const claims = await body(c, newToken);
    if (known !== 'admin' && known.record.streamIds?.includes(claims.streamId) === false) {
      throw new LivestreamError('UNAUTHORIZED', `this key is not for the stream '${claims.streamId}'`, {
        status: 403,
      });
    }
    const grant = known === 'admin' ? undefined : known.grant;
    return json(c, { token: await mintServerToken(claims, await keys.tokenSecret(), grant) }, 201);
  });

  app.onError((error) => {
    // To be told in the one place that knows how.
    if (error instanceof UnknownKeyError) throw new PlaybackError(404, error.message);
    if (error instanceof RangeError) throw new LivestreamError('BAD_MESSAGE', error.message);
    throw error;
  });
  return app;
}

/** What is told once must be in no cache; and no page of another origin reads it. */
const HEADERS = { 'Cache-Control': 'no-store' };

function json(c: Context, value: object, status: 200 | 201 = 200): Response {
  return c.json(value, status, HEADERS);
}

function bearer(c: Context): string | undefined {
  return /^Bearer +(\S+)$/i.exec(c.req.header('Authorization') ?? '')?.[1];
}

function keyId(given: string): string {
  if (!isKeyId(given)) throw new UnknownKeyError(given);
  return given;
}

/** @throws LivestreamError BAD_MESSAGE */
async function body<Entries extends v.ObjectEntries>(
  c: Context,
  schema: v.StrictObjectSchema<Entries, undefined>,
): Promise<v.InferOutput<v.StrictObjectSchema<Entries, undefined>>> {
  const text = await c.req.text();
  let value: unknown;
  try {
    value = text === '' ? {} : JSON.parse(text);
  } catch (cause) {
    throw new LivestreamError('BAD_MESSAGE', 'the body is no JSON object', { cause });
  }
  if (Array.isArray(value))
    throw new LivestreamError('BAD_MESSAGE', 'the body is a list; give a JSON object');
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue) ?? 'the body';
  const isUnknown = issue.type === 'strict_object' && issue.expected === 'never';
  throw new LivestreamError(
    'BAD_MESSAGE',
    isUnknown
      ? `'${field.slice(0, 80)}' is no field of this; give ${Object.keys(schema.entries).join(', ')}`
      : `${field}: ${issue.message}`.slice(0, 300),
  );
}
