import { errors, jwtVerify } from 'jose';
import { LivestreamError } from './errors.js';

/** Decides who may publish. */
export interface Access {
  /** @throws LivestreamError UNAUTHORIZED */
  authorizePublish(streamId: string, token: string | undefined): Promise<void>;
}

/** Clocks of two careful machines may differ by so many seconds. */
const CLOCK_TOLERANCE = 5;

/** Nobody needs a key. */
export const openAccess: Access = { authorizePublish: () => Promise.resolve() };

/**
 * Publishing takes a stream key, or a publish token signed with one: a JWT (RFC 7519), HS256, with `sub` the
 * stream's id, `scope` `publish` and `exp`.
 * @throws RangeError for a key that is empty
 */
export function keyAccess(streamKeys: readonly string[]): Access {
  streamKeys.forEach((key: unknown, index) => {
    // An unset variable must not become a key that everybody has.
    if (typeof key !== 'string' || key === '') {
      throw new RangeError(
        `streamKeys[${index}] is empty; set it, or leave streamKeys out to let anyone publish`,
      );
    }
  });
  const encoder = new TextEncoder();
  const keys = streamKeys.map((key) => encoder.encode(key));

  async function authorizePublish(streamId: string, token: string | undefined): Promise<void> {
    if (token === undefined) {
      throw new LivestreamError('UNAUTHORIZED', "'token' is missing; send a stream key or a publish token");
    }
    const given = encoder.encode(token);
    let known = false;
    // Every key is compared, so that the time taken says nothing.
    for (const key of keys) known = (await sameSecret(key, given)) || known;
    if (known) return;
    let reason = 'it is no stream key and no publish token of this server';
    for (const key of keys) {
      const refused = await refusePublishToken(token, key, streamId);
      if (refused === undefined) return;
      if (refused !== '') reason = refused;
    }
    throw new LivestreamError('UNAUTHORIZED', `'token' was refused: ${reason}`);
  }

  return { authorizePublish };
}

/** Why a publish token is refused: undefined if it is not, empty if this key did not sign it. */
async function refusePublishToken(
  token: string,
  key: Uint8Array,
  streamId: string,
): Promise<string | undefined> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['HS256'],
      requiredClaims: ['sub', 'scope', 'exp'],
      clockTolerance: CLOCK_TOLERANCE,
    });
    if (payload.sub !== streamId) return `it is for another stream than '${streamId}'`;
    const scopes = typeof payload['scope'] === 'string' ? payload['scope'].split(' ') : [];
    return scopes.includes('publish') ? undefined : "its scope is not 'publish'";
  } catch (error) {
    if (error instanceof errors.JWTExpired) return 'it has expired; get a new one';
    if (error instanceof errors.JWTClaimValidationFailed)
      return `its claim '${error.claim}' is missing or wrong`;
    return '';
  }
}

/** Compares digests, so that the time taken does not depend on where the secrets differ. */
async function sameSecret(a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const [left, right] = await Promise.all([digest(a), digest(b)]);
  let difference = 0;
  left.forEach((byte, index) => (difference |= byte ^ (right[index] ?? 0)));
  return difference === 0;
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}
