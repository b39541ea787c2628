import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { createDebugLog, type DebugLog } from '../debug.js';
import { LivedropError } from '../errors.js';

export interface TokenSourceOptions {
  /** Set by the page: wins until it is renewed. Empty, or null as of an attribute that was removed: there is none. */
  token: () => string | null | undefined;
  /** Where tokens are asked for. */
  url: () => string | undefined;
  /** Asked instead. */
  getToken: () => TokenGetter | undefined;
  /** Sent to the address as `stream`. */
  streamId: () => string;
  /** There is another token than before. */
  onToken?: () => void;
  /** None was given. Told once, until one is; it is asked for again by itself. */
  onError?: (error: LivedropError) => void;
  debug?: () => boolean;
}

/** Gives a token that is good for a while. */
export type TokenGetter = (streamId: string) => string | Promise<string>;

/** A token is renewed when so much of its time is left: this share of it, but no more than so many seconds. */
const RENEW_LEFT = 0.2;
const RENEW_BEFORE = 60;

/** Between a token and the question for the next one at least, seconds, whatever it says of its end: clocks may be wrong. */
const LEAST_INTERVAL = 5;

/** Where a token does not say when it ends, seconds: as long as most are good. */
const UNKNOWN_LIFE = 120;

/** Between attempts that fail, seconds: doubled each time. */
const RETRY = 1;
const MAX_RETRY = 15;

/** Who does not answer for so long, ms, does not. */
const TIMEOUT = 10_000;

/** What an answer may be that is no JSON: keys and JWTs, and no page of a server that knows of no tokens. */
const TOKEN = /^[\w.~+/=-]{1,8192}$/;

const HELP =
  'Check that token-url is right, that it answers this page with a token, and that it lets other origins read the answer (CORS).';

/** Longest wait of a timer, ms. */
const MAX_TIMER = 2_147_483_647;

/** An element's token: the one that the page gives it, or newer ones in time from where it says. */
export class TokenSource implements ReactiveController {
  #fetched: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | undefined;
  #isHostConnected = false;
  /** In a row, of asking. */
  #failures = 0;
  /** In a row, of what was given. */
  #refusals = 0;
  /** Another is to come in place of the one that was refused. */
  #isRefused = false;
  #error: LivedropError | undefined;
  readonly #debug: DebugLog;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly options: TokenSourceOptions,
  ) {
    this.#debug = createDebugLog(options.debug);
    host.addController(this);
  }

  /** The newest there is. */
  get current(): string | undefined {
    return this.#fetched ?? this.#given;
  }

  /** There is none yet, and it is known where to ask. */
  get isAwaited(): boolean {
    return this.current === undefined && this.#canAsk;
  }

  /** An answer is awaited. */
  get isAsking(): boolean {
    return this.#abort !== undefined;
  }

  /** Why there is none; undefined where there is, though it may be one that could not be renewed. */
  get error(): LivedropError | undefined {
    return this.isAwaited ? this.#error : undefined;
  }

  hostConnected(): void {
    this.#isHostConnected = true;
  }

  hostDisconnected(): void {
    this.#isHostConnected = false;
    // Moving an element disconnects and connects it in one go.
    queueMicrotask(() => {
      if (!this.#isHostConnected) this.stop();
    });
  }

  /**
   * Begins anew: with the page's token, or by asking for one.
   * @returns when that was answered, with or without a token
   */
  async start(): Promise<void> {
    this.stop();
    if (!this.#canAsk) return;
    if (this.#given === undefined) await this.#ask();
    else this.#renewBefore(this.#given, 0);
  }

  /** It is asked elsewhere from now on. What was got stays. */
  moved(): void {
    if (this.#fetched === undefined) void this.start();
  }

  /**
   * Asks for one in place of what was refused, whatever there is.
   * @returns whether there is another
   */
  async renew(): Promise<boolean> {
    if (!this.#canAsk) return false;
    await this.#ask();
    return this.#fetched !== undefined;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = undefined;
    this.#fetched = undefined;
    this.#failures = 0;
    this.#refusals = 0;
    this.#isRefused = false;
    this.#error = undefined;
  }

  /** The server does not take it any more: asks, unless it does already; at once, and then less and less often until one is taken. */
  refused(): void {
    if (!this.#canAsk || this.#abort || this.#isRefused || this.#failures > 0) return;
    this.#isRefused = true;
    this.#askIn(this.#refusals === 0 ? 0 : delayOf(this.#refusals - 1));
    this.#refusals += 1;
  }

  /** The server took it. */
  accepted(): void {
    this.#refusals = 0;
  }

  /** What the page gave. */
  get #given(): string | undefined {
    return this.options.token() || undefined;
  }

  get #canAsk(): boolean {
    return this.options.getToken() !== undefined || Boolean(this.options.url());
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    const { signal } = abort;
    const timeout = setTimeout(() => abort.abort(), TIMEOUT);
    // `getToken` knows of no signal.
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(new Error(`no answer within ${TIMEOUT / 1000} s`))),
    );
    let token: string | undefined;
    let failure: unknown;
    try {
      token = await Promise.race([this.#get(signal), aborted]);
    } catch (error) {
      failure = error;
    }
    clearTimeout(timeout);
    if (this.#abort !== abort) return;
    this.#abort = undefined;
    if (token === undefined) this.#failed(failure);
    else this.#got(token);
  }

  #got(token: string): void {
    this.#failures = 0;
    this.#error = undefined;
    const wasRefused = this.#isRefused;
    this.#isRefused = false;
    if (token !== this.current) {
      this.#fetched = token;
      this.#renewBefore(token, LEAST_INTERVAL);
      this.options.onToken?.();
    } else if (wasRefused) {
      this.refused();
    } else {
      this.#renewBefore(token, LEAST_INTERVAL);
    }
  }

  #failed(cause: unknown): void {
    const isFirst = this.#failures === 0;
    this.#askIn(delayOf(this.#failures++));
    const from = this.options.getToken() ? 'getToken' : `token-url (${this.options.url()})`;
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#error = new LivedropError('UNAUTHORIZED', `No token came from ${from}: ${reason}.`, {
      cause,
      help: HELP,
    });
    this.#debug('error', this.#error.message, cause);
    if (isFirst) this.options.onError?.(this.#error);
    this.host.requestUpdate();
  }

  /** @throws Error in words */
  async #get(signal: AbortSignal): Promise<string> {
    const getToken = this.options.getToken();
    if (getToken) {
      const token: unknown = await getToken(this.options.streamId());
      if (typeof token === 'string' && token !== '') return token;
      throw new Error(
        `it gave ${token === '' ? 'an empty string' : typeof token} where a string was expected`,
      );
    }
    const url = new URL(this.options.url() ?? '', location.href);
    url.searchParams.set('stream', this.options.streamId());
    // With the page's cookies, by which its server knows who asks.
    const response = await fetch(url, { signal, cache: 'no-store', credentials: 'same-origin' });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    const token = readToken(await response.text());
    if (token === undefined) {
      const type = response.headers.get('content-type') ?? 'no content type';
      throw new Error(`it answers ${response.status} with something that is no token (${type})`);
    }
    return token;
  }

  /** @param least seconds until then */
  #renewBefore(token: string, least: number): void {
    const { life, left } = lifeOf(token);
    this.#askIn(Math.max(least, left - Math.min(life * RENEW_LEFT, RENEW_BEFORE)));
  }

  #askIn(seconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), Math.min(Math.max(0, seconds * 1000), MAX_TIMER));
  }
}

/** After so many attempts in vain, seconds. */
function delayOf(attempts: number): number {
  return Math.min(RETRY * 2 ** attempts, MAX_RETRY);
}

/** The token in an answer: as it is, or in the `token` of a JSON object; undefined: there is none in it. */
function readToken(body: string): string | undefined {
  const text = body.trim();
  if (!text.startsWith('{')) return TOKEN.test(text) ? text : undefined;
  try {
    const { token } = JSON.parse(text) as { token?: unknown };
    return typeof token === 'string' && token !== '' ? token : undefined;
  } catch {
    return undefined;
  }
}

/** How long a JWT is good in all, and from now on, seconds. The page's clock may be wrong, so that its beginning counts too. */
function lifeOf(token: string): { life: number; left: number } {
  const { exp, iat } = claimsOf(token);
  if (exp === undefined) return { life: UNKNOWN_LIFE, left: UNKNOWN_LIFE };
  const now = Date.now() / 1000;
  const left = Math.max(exp - now, 0);
  // Just made, by a server whose clock is another.
  if (iat !== undefined && (iat > now || left === 0)) return { life: exp - iat, left: exp - iat };
  return { life: iat === undefined ? left : exp - iat, left };
}

function claimsOf(token: string): { exp?: number; iat?: number } {
  try {
    const payload = token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/');
    const { exp, iat } = JSON.parse(atob(payload)) as { exp?: unknown; iat?: unknown };
    return {
      ...(typeof exp === 'number' ? { exp } : {}),
      ...(typeof iat === 'number' ? { iat } : {}),
    };
  } catch {
    return {};
  }
}
