import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  SignJWT,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import { LivestreamError } from '../errors.js';
import type { KeyGrant } from '../streams/publish-grant.js';
import type { StreamKeyRecord } from './key-store.js';
import { sameText } from '../ingest/resume-token.js';
import { utf8 } from './secrets.js';
import { isKeyId, keyIdOf, signingKey, verifyingKey } from './stream-key.js';
import type { StreamKeys } from './stream-keys.js';

/** What a token allows: to publish a stream, or to play it. */
export type TokenScope = 'publish' | 'play';

/** Tokens that others sign. */
export interface TokenOptions {
  /** Shared secrets that sign tokens with HS256; one of at least 32 characters each. */
  secret?: string | readonly string[] | undefined;
  /** A JWK Set (RFC 7517) of public keys, or the URL where it is: fetched when needed, kept, and asked for again when a key is unknown. */
  jwks?: string | URL | JSONWebKeySet | undefined;
  /** `iss` that tokens by `secret` and `jwks` must have. Default: any. */
  issuer?: string | readonly string[] | undefined;
  /** `aud` that they must have. Default: any. */
  audience?: string | readonly string[] | undefined;
}

/** What a token is to say. */
export interface TokenClaims {
  streamId: string;
  scope: TokenScope;
  /** Seconds. Default 300. */
  expiresIn?: number | undefined;
}

/** A token that is genuine, which is not to say that it is for this stream or still good. */
export interface VerifiedToken {
  payload: JWTPayload & { exp: number };
  expired: boolean;
  /** The stored key that it was minted from. */
  key?: { record: StreamKeyRecord; grant: KeyGrant };
}

/** Clocks of two careful machines may differ by so many seconds. */
export const CLOCK_TOLERANCE = 5;

/** Shorter secrets can be guessed from one token (RFC 7518 §3.2: as long as the hash). */
const MIN_SECRET = 32;

const DEFAULT_EXPIRY = 300;
/** A day: what is good for longer is a key. */
const MAX_EXPIRY = 86_400;

/** When to try again where a JWK Set cannot be had, seconds. */
const JWKS_RETRY_AFTER = 5;

/** Longer texts are no tokens of ours. */
const MAX_TOKEN = 8192;

/**
 * Each kind of key with its algorithms, and no key with those of another: a token cannot choose to be verified by a
 * public key as if that were a secret, nor not at all.
 */
const SHARED = ['HS256'];
const DERIVED = ['EdDSA'];
const PUBLIC = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/**
 * Mints a token from a stream key: that of a store (signed by the key's Ed25519 key, EdDSA), or a configured one or another
 * secret (HS256).
 * @throws RangeError for a time that is out of range
 */
export async function mintToken(claims: TokenClaims, streamKey: string): Promise<string> {
  const id = keyIdOf(streamKey);
  if (id === undefined) return sign(claims, { alg: 'HS256' }, utf8(streamKey));
  return sign(claims, { alg: 'EdDSA', kid: id }, await signingKey(streamKey));
}

/**
 * Mints a token by the server's own secret, for somebody whose authority is known.
 * @param key the stored key that somebody has: the token is good as long as that is
 */
export function mintServerToken(claims: TokenClaims, secret: string, key?: KeyGrant): Promise<string> {
  return sign(claims, { alg: 'HS256' }, utf8(secret), key ? { key: `${key.id}.${key.hash}` } : {});
}

function sign(
  { streamId, scope, expiresIn = DEFAULT_EXPIRY }: TokenClaims,
  header: { alg: string; kid?: string },
  key: CryptoKey | Uint8Array,
  more: JWTPayload = {},
): Promise<string> {
  if (!(expiresIn >= 1 && expiresIn <= MAX_EXPIRY)) {
    throw new RangeError(`a token for ${expiresIn} s; give seconds from 1 to ${MAX_EXPIRY}`);
  }
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ ...more, scope })
    .setProtectedHeader(header)
    .setSubject(streamId)
    .setIssuedAt(now)
    .setExpirationTime(now + Math.ceil(expiresIn))
    .sign(key);
}

/** Whether it cannot be guessed from a token that it signed. */
export function isSecret(text: string): boolean {
  return text.length >= MIN_SECRET;
}

export interface TokenVerifierOptions {
  /** Configured stream keys, which sign by HS256. */
  streamKeys: readonly string[];
  stored: StreamKeys | undefined;
  /** The server's own secret; undefined where it has none. */
  serverSecret: () => Promise<string | undefined>;
  tokens: TokenOptions | undefined;
}

/** Tells genuine tokens. */
export class TokenVerifier {
  readonly #secrets: readonly Uint8Array[];
  readonly #streamKeys: readonly Uint8Array[];
  readonly #jwks: JWTVerifyGetKey | undefined;
  readonly #claims: { issuer?: string | string[]; audience?: string | string[] };

  /** @throws RangeError for a secret that is too short, TypeError for a JWK Set or URL that is none */
  constructor(private readonly options: TokenVerifierOptions) {
    const { secret, jwks, issuer, audience } = options.tokens ?? {};
    const secrets = secret === undefined ? [] : [secret].flat();
    if (!secrets.every(isSecret)) {
      throw new RangeError(
        `a token secret is shorter than ${MIN_SECRET} characters; make one of random digits`,
      );
    }
    this.#secrets = secrets.map(utf8);
    this.#streamKeys = options.streamKeys.map(utf8);
    this.#jwks = jwks === undefined ? undefined : keySet(jwks);
    this.#claims = {
      ...(issuer === undefined ? {} : { issuer: [issuer].flat() }),
      ...(audience === undefined ? {} : { audience: [audience].flat() }),
    };
  }

  /** Whether tokens of others are taken. */
  get takesForeign(): boolean {
    return this.#secrets.length > 0 || this.#jwks !== undefined;
  }

  /**
   * @returns undefined where nobody known here has signed it
   * @throws JWTClaimValidationFailed of jose where a claim is missing or wrong, LivestreamError where a JWK Set cannot be had
   */
  async verify(token: string): Promise<VerifiedToken | undefined> {
    if (token.length > MAX_TOKEN) return undefined;
    const header = protectedHeader(token);
    if (header?.alg === 'HS256') return this.#verifyShared(token);
    if (header?.alg === 'EdDSA' && isKeyId(header.kid)) {
      const verified = await this.#verifyDerived(token, header.kid);
      if (verified) return verified;
    }
    return this.#jwks && verify(token, this.#jwks, PUBLIC, this.#claims);
  }

  async #verifyShared(token: string): Promise<VerifiedToken | undefined> {
    for (const key of this.#streamKeys) {
      const verified = await verify(token, key, SHARED);
      if (verified) return verified;
    }
    for (const secret of this.#secrets) {
      const verified = await verify(token, secret, SHARED, this.#claims);
      if (verified) return verified;
    }
    const secret = await this.options.serverSecret();
    const own = secret === undefined ? undefined : await verify(token, utf8(secret), SHARED);
    if (typeof own?.payload['key'] !== 'string') return own;
    // Minted for the holder of a stored key, and bound to it.
    const [id = '', hash = ''] = own.payload['key'].split('.');
    const record = await this.options.stored?.find(id);
    const stands = record && this.options.stored?.proofs(record).some((proof) => sameText(proof.hash, hash));
    return stands ? { ...own, key: { record, grant: { id, hash } } } : undefined;
  }

  async #verifyDerived(token: string, id: string): Promise<VerifiedToken | undefined> {
    const { stored } = this.options;
    const record = await stored?.find(id);
    if (!stored || !record) return undefined;
    for (const proof of stored.proofs(record)) {
      const verified = await verify(token, await verifyingKey(proof), DERIVED);
      if (verified) return { ...verified, key: { record, grant: { id, hash: proof.hash } } };
    }
    return undefined;
  }
}

async function verify(
  token: string,
  key: Uint8Array | CryptoKey | JWTVerifyGetKey,
  algorithms: string[],
  claims: { issuer?: string | string[]; audience?: string | string[] } = {},
): Promise<VerifiedToken | undefined> {
  const options = {
    algorithms,
    requiredClaims: ['sub', 'scope', 'exp'],
    clockTolerance: CLOCK_TOLERANCE,
    ...claims,
  };
  try {
    const { payload } =
      typeof key === 'function' ? await jwtVerify(token, key, options) : await jwtVerify(token, key, options);
    return { payload: payload as VerifiedToken['payload'], expired: false };
  } catch (error) {
    // Told after the signature was found good.
    if (error instanceof errors.JWTExpired) {
      return { payload: error.payload as VerifiedToken['payload'], expired: true };
    }
    if (error instanceof errors.JWTClaimValidationFailed) throw error;
    if (typeof key === 'function' && isOutage(error)) {
      const message = "'token' cannot be checked: its JWK Set cannot be had; try again in a moment";
      const later = { status: 503, retryAfter: JWKS_RETRY_AFTER };
      throw new LivestreamError('UNAUTHORIZED', message, { cause: error, ...later });
    }
    return undefined;
  }
}

/** The keys could not be fetched, which says nothing of the token. */
function isOutage(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return true;
  return error instanceof errors.JWKSTimeout || error.code === errors.JOSEError.code;
}

function protectedHeader(token: string): { alg?: string; kid?: string } | undefined {
  try {
    return decodeProtectedHeader(token);
  } catch {
    return undefined;
  }
}

function keySet(jwks: string | URL | JSONWebKeySet): JWTVerifyGetKey {
  if (typeof jwks === 'object' && !(jwks instanceof URL)) return createLocalJWKSet(jwks);
  const url = new URL(jwks);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new TypeError(`the JWK Set's address '${url.protocol}…' is no http(s) URL`);
  }
  return createRemoteJWKSet(url);
}
