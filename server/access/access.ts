import type { Context } from 'hono';
import { errors } from 'jose';
import { LivestreamError } from '../errors.js';
import type { PublishGrant } from '../streams/publish-grant.js';
import type { Quota } from '../streams/quota.js';
import type { Logger } from '../options.js';
import { AppAuthority, type Authorize } from './app-authority.js';
import { checkPublishOrigin, type OriginRules } from './origins.js';
import { Passes, type Pass } from './passes.js';
import { isOneOf, sha256 } from './secrets.js';
import type { StreamKeys } from './stream-keys.js';
import {
  CLOCK_TOLERANCE,
  isSecret,
  TokenVerifier,
  type TokenOptions,
  type TokenScope,
  type VerifiedToken,
} from './tokens.js';

export interface AccessOptions {
  streamKeys: readonly string[];
  /** Keys in a store. */
  stored: StreamKeys;
  tokens: TokenOptions | undefined;
  adminKey: string | undefined;
  authorize: Authorize | undefined;
  /** How long {@link authorize} may take, seconds. */
  authorizeTime: number;
  /** How long its answers to viewers are kept, seconds. */
  authorizeTtl: number;
  maxPasses: number;
  /** Of streams whose publisher says nothing else. */
  playback: 'public' | 'private';
  origins: Omit<OriginRules, 'fallback'>;
  logger: Logger;
  /** Of questions that {@link authorize} has not answered yet. */
  asking: Quota;
  /** Where a request comes from: {@link authorize} may look at it. */
  clientAddress?: ((context: Context) => string | undefined) | undefined;
  /** {@link authorize} took too long. */
  onLate?: (() => void) | undefined;
}

/** Somebody who wants to publish or play. */
export interface Applicant {
  streamId: string;
  token: string | undefined;
  userId?: string | undefined;
  /** Of the request, or of that which became the WebSocket. */
  context: Context;
}

/** A stream, as far as it matters here; undefined where it has not started. */
interface Guarded {
  readonly isPrivate: boolean;
}

/** When to try again where keys cannot be read, seconds. */
const STORE_RETRY_AFTER = 5;

/** Decides who may publish, and who may watch. */
export class Access {
  readonly #options: AccessOptions;
  readonly #keyDigests: Promise<readonly string[]>;
  readonly #verifier: TokenVerifier;
  readonly #app: AppAuthority | undefined;
  readonly #passes: Passes;
  /** The stored keys cannot be read. */
  #isFailing = false;

  /** @throws RangeError for a key that is empty or a secret that is too short */
  constructor(options: AccessOptions) {
    options.streamKeys.forEach((key: unknown, index) => {
      // An unset variable must not become a key that everybody has.
      if (typeof key !== 'string' || key === '') {
        throw new RangeError(
          `streamKeys[${index}] is empty; set it, or leave streamKeys out to let anyone publish`,
        );
      }
    });
    this.#options = options;
    const { streamKeys, stored, tokens, authorize, maxPasses, logger } = options;
    if (!streamKeys.every(isSecret)) {
      const message =
        'a stream key is shorter than 32 characters: it could be guessed from a token that it signs; make a longer one, or a kept one by livedrop keys create';
      logger.warn({}, message);
    }
    this.#keyDigests = Promise.all(streamKeys.map(sha256));
    this.#verifier = new TokenVerifier({
      streamKeys,
      stored,
      tokens,
      serverSecret: () => stored.knownTokenSecret(),
    });
    this.#app = authorize && new AppAuthority(authorize, options);
    this.#passes = new Passes(maxPasses);
  }

  /**
   * Whether a publisher may publish.
   * @returns on what its right stands, which {@link stands} judges again later
   * @throws LivestreamError UNAUTHORIZED
   */
  async authorizePublish(applicant: Applicant): Promise<PublishGrant> {
    const { streamId, token } = applicant;
    const verdict = await this.#app?.ask('publish', applicant);
    if (verdict === false) throw unauthorized(`the app does not let this visitor publish '${streamId}'`);
    if (verdict === true) return {};
    await this.#asked((stored) => stored.refresh());
    if (this.#isOpen) return {};
    if (token === undefined) {
      throw unauthorized("'token' is missing; send a stream key or a publish token");
    }
    if (await isOneOf(token, this.#keyDigests)) return {};
    const known = await this.#asked((stored) => stored.recognise(token));
    if (known) {
      const { streamIds, playback, playbackOrigins } = known.record;
      if (streamIds && !streamIds.includes(streamId)) {
        throw unauthorized(`'token' was refused: this key is not for the stream '${streamId}'`);
      }
      return { key: known.grant, playback, playbackOrigins };
    }
    const { key } = await this.#genuine(token, streamId, 'publish');
    if (!key) return {};
    const { playback, playbackOrigins } = key.record;
    return { key: key.grant, playback, playbackOrigins };
  }

  /** Which web pages may publish at all; and from now on the newest keys are known. @throws LivestreamError UNAUTHORIZED */
  async checkOrigin(context: Context): Promise<void> {
    // What was revoked a moment ago must be known before anybody resumes. Where that cannot be learnt, what was known holds: a store
    // that fails must end no broadcast.
    await this.#asked((stored) => stored.refresh()).catch(() => {});
    const fallback = this.#app ? 'own' : this.#isOpen ? 'local' : 'any';
    checkPublishOrigin(context, { ...this.#options.origins, fallback });
  }

  /** Whether a grant stands still: that of a key which was revoked does not. */
  stands({ key }: PublishGrant): boolean {
    return key === undefined || this.#options.stored.stands(key);
  }

  /** Forgets what stood on keys that are not taken any more. */
  keysChanged(): void {
    this.#passes.keep((pass) => this.stands(pass));
  }

  /** Whether viewers of a stream are asked for anything. */
  guards(stream: Guarded | undefined): boolean {
    return this.#app !== undefined || this.#isPrivate(stream);
  }

  /**
   * Whether a viewer may watch a stream that {@link guards} says is guarded.
   * @throws LivestreamError UNAUTHORIZED
   */
  async authorizePlay(applicant: Applicant, stream: Guarded | undefined): Promise<Pass> {
    const { streamId, token } = applicant;
    // From before it was asked: what it says holds for so long, and then it is asked again.
    const until = this.#app ? Date.now() + this.#options.authorizeTtl * 1000 : Infinity;
    const verdict = await this.#app?.ask('play', applicant);
    if (verdict === false)
      throw new LivestreamError('UNAUTHORIZED', `the app does not let this visitor watch '${streamId}'`, {
        status: 403,
      });
    if (verdict === true || !this.#isPrivate(stream)) return { ends: () => until };
    if (token === undefined) {
      throw unauthorized(`stream '${streamId}' is private; give a playback token as 'token'`);
    }
    const pass = this.#passes.get(token, streamId) ?? (await this.#admit(token, streamId));
    return this.#app ? { ends: () => Math.min(until, pass.ends()) } : pass;
  }

  async #admit(token: string, streamId: string): Promise<Pass> {
    const { payload, key } = await this.#genuine(token, streamId, 'play');
    return this.#passes.add(token, { streamId, key: key?.grant, until: endOf(payload.exp) });
  }

  /**
   * A viewer with a token that is good has another one in URLs that it cannot change: native players. That one is good
   * for as long as the new one, if it ever was for this stream; if not, nothing happens.
   */
  async renew(before: string, token: string, streamId: string): Promise<void> {
    if (before === token || !this.#passes.get(token, streamId)) return;
    if (!this.#passes.get(before, streamId, 'expired too')) {
      const verified = await this.#genuine(before, streamId, 'play', 'expired too').catch(() => undefined);
      if (!verified) return;
      const { payload, key } = verified;
      this.#passes.add(before, { streamId, key: key?.grant, until: endOf(payload.exp) });
    }
    this.#passes.join(before, token);
  }

  #isPrivate(stream: Guarded | undefined): boolean {
    return stream?.isPrivate ?? this.#options.playback === 'private';
  }

  /** Nobody needs anything, as far as is known by now. */
  get #isOpen(): boolean {
    const { streamKeys, adminKey, stored } = this.#options;
    if (streamKeys.length > 0 || adminKey || this.#app || this.#verifier.takesForeign) return false;
    return !stored.wereInUse;
  }

  /**
   * What the stored keys answer.
   * @throws LivestreamError UNAUTHORIZED, with a time to try again, where they cannot be read
   */
  async #asked<T>(question: (stored: StreamKeys) => Promise<T>): Promise<T> {
    try {
      const answer = await question(this.#options.stored);
      if (this.#isFailing) this.#options.logger.info({}, 'the stream keys can be read again');
      this.#isFailing = false;
      return answer;
    } catch (cause) {
      // What is said of a token is no failure.
      if (cause instanceof LivestreamError || cause instanceof errors.JOSEError) throw cause;
      // Once: whoever asks is no reason to fill the log.
      const message = 'the stream keys cannot be read: nobody new is let in, and what was known last holds';
      if (!this.#isFailing) this.#options.logger.error({ err: cause }, message);
      this.#isFailing = true;
      throw new LivestreamError('UNAUTHORIZED', "'token' cannot be checked just now; try again in a moment", {
        ...{ cause, status: 503, retryAfter: STORE_RETRY_AFTER },
      });
    }
  }

  /** @throws LivestreamError UNAUTHORIZED saying what is wrong with the token */
  async #genuine(
    token: string,
    streamId: string,
    scope: TokenScope,
    expiry?: 'expired too',
  ): Promise<VerifiedToken> {
    let verified: VerifiedToken | undefined;
    try {
      verified = await this.#asked(() => this.#verifier.verify(token));
    } catch (error) {
      if (error instanceof errors.JWTClaimValidationFailed) {
        throw unauthorized(`'token' was refused: its claim '${error.claim}' is missing or wrong`);
      }
      throw error;
    }
    const refusal = verified
      ? refuse(verified, streamId, scope, expiry)
      : scope === 'publish'
        ? 'it is no stream key and no publish token of this server'
        : 'it is no playback token of this server';
    if (!verified || refusal !== undefined) throw unauthorized(`'token' was refused: ${refusal}`);
    return verified;
  }
}

/** Why a genuine token does not serve; undefined where it does. */
function refuse(
  { payload, expired, key }: VerifiedToken,
  streamId: string,
  scope: TokenScope,
  expiry?: 'expired too',
): string | undefined {
  if (payload.sub !== streamId) return `it is for another stream than '${streamId}'`;
  const scopes = typeof payload['scope'] === 'string' ? payload['scope'].split(' ') : [];
  if (!scopes.includes(scope)) return `its scope is not '${scope}'`;
  if (expired && !expiry) return 'it has expired; get a new one';
  const { streamIds } = key?.record ?? {};
  if (streamIds && !streamIds.includes(streamId)) return `its key is not for the stream '${streamId}'`;
  return undefined;
}

/** Milliseconds since the epoch, as the verifier judges it. */
function endOf(exp: number): number {
  return (exp + CLOCK_TOLERANCE) * 1000;
}

function unauthorized(message: string): LivestreamError {
  return new LivestreamError('UNAUTHORIZED', message);
}
