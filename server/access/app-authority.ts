import type { Context } from 'hono';
import { LivestreamError } from '../errors.js';
import type { Logger } from '../options.js';
import type { Quota } from '../streams/quota.js';
import { sha256 } from './secrets.js';
import { visitorOf } from './visitor.js';

/** What an app is asked. */
export interface AuthorizeRequest {
  action: 'publish' | 'play';
  streamId: string;
  /** What the publisher or viewer gave as `token`. */
  token: string | undefined;
  /** What the publisher says of itself; nobody has checked it. */
  userId: string | undefined;
  /** Of Hono: headers, cookies, what middleware has set. For publishers it is of the request that became the WebSocket. */
  context: Context;
}

/**
 * An app's own answer. `true`: they may. `false`, and whatever it throws: they may not. `undefined`: keys and tokens decide,
 * as they would without it.
 */
export type Authorize = (request: AuthorizeRequest) => boolean | undefined | Promise<boolean | undefined>;

export interface AppAuthorityOptions {
  /** Seconds. */
  authorizeTime: number;
  /** Seconds. */
  authorizeTtl: number;
  /** Answers that are kept. */
  maxPasses: number;
  logger: Logger;
  /** Of questions that the app has not answered yet. */
  asking: Quota;
  /** Where a request comes from. */
  clientAddress?: ((context: Context) => string | undefined) | undefined;
  /** It took too long. */
  onLate?: (() => void) | undefined;
}

type Applicant = Omit<AuthorizeRequest, 'action' | 'userId'> & { userId?: string | undefined };

/** Asks the app that the server is mounted in, in bounded time, and viewers not for every part. */
export class AppAuthority {
  /** By the digest of who asked. */
  #answers = new Map<string, { verdict: Promise<boolean | undefined>; until: number }>();

  constructor(
    private readonly authorize: Authorize,
    private readonly options: AppAuthorityOptions,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * @returns false too where the app fails or does not answer in time
   * @throws LivestreamError RATE_LIMITED or SERVER_FULL where it was asked too much and has not answered
   */
  async ask(action: 'publish' | 'play', applicant: Applicant): Promise<boolean | undefined> {
    if (action === 'publish') return this.#ask(action, applicant).catch(refused);
    const { context, streamId, token = '' } = applicant;
    const visitor = visitorOf(context, this.options.clientAddress?.(context));
    // A separator that no header can have; a digest, since cookies are long, and nobody's to keep.
    const who = await sha256([streamId, token, visitor].join('\n'));
    const known = this.#answers.get(who);
    if (known && known.until > this.now()) return known.verdict;
    const verdict = this.#ask(action, applicant).catch((error: unknown) => {
      // Refused for now. The app may be well again in a moment.
      if (this.#answers.get(who)?.verdict === verdict) this.#answers.delete(who);
      return refused(error);
    });
    this.#answers.delete(who);
    this.#answers.set(who, { verdict, until: this.now() + this.options.authorizeTtl * 1000 });
    if (this.#answers.size > this.options.maxPasses) this.#answers.delete(this.#answers.keys().next().value!);
    return verdict;
  }

  /** @throws what the app throws, or Error where it does not answer in time, after it was logged; LivestreamError where it is not asked */
  async #ask(action: 'publish' | 'play', applicant: Applicant): Promise<boolean | undefined> {
    const { streamId, token, userId, context } = applicant;
    const { authorizeTime, logger, onLate, asking, clientAddress } = this.options;
    const answered = asking.take({ address: clientAddress?.(context) });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        onLate?.();
        reject(new Error(`no answer within ${authorizeTime} s`));
      }, authorizeTime * 1000);
    });
    try {
      const asked = Promise.resolve(this.authorize({ action, streamId, token, userId, context }));
      const verdict: unknown = await Promise.race([asked, timeout]);
      // What is neither, from an app without types, must not let anybody in.
      return verdict === true || (verdict === undefined ? undefined : false);
    } catch (error) {
      logger.warn({ streamId, action, err: error }, "the app's authorize failed, which refuses");
      throw error;
    } finally {
      clearTimeout(timer);
      answered();
    }
  }
}

/** @throws LivestreamError: it is ours, and says when to ask again */
function refused(error: unknown): false {
  if (error instanceof LivestreamError) throw error;
  return false;
}
