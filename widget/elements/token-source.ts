import type { ReactiveController, ReactiveControllerHost } from 'lit';

export interface TokenSourceOptions {
  /** Set by the page: wins until it is renewed. */
  token: () => string | undefined;
  /** Where tokens are asked for. */
  url: () => string | undefined;
  /** Asked instead. */
  getToken: () => TokenGetter | undefined;
  /** Sent to the address as `stream`. */
  streamId: () => string;
  /** There is another token than before. */
  onToken?: () => void;
}

/** Gives a token that is good for a while. */
export type TokenGetter = (streamId: string) => string | Promise<string>;

/** A token is renewed when a fifth of its time is left, and so many seconds before its end at most: a minute. */
const RENEW_LEFT = 0.2;
const RENEW_BEFORE = 60;

/** Where a token does not say when it ends, seconds: as long as most are good. */
const UNKNOWN_LIFE = 120;

/** Between attempts that fail, seconds: doubled each time. */
const RETRY = 1;
const MAX_RETRY = 15;

/** An address that does not answer for so long, ms, does not. */
const TIMEOUT = 10_000;

/** Longest wait of a timer, ms. */
const MAX_TIMER = 2_147_483_647;

/** An element's token: the one that the page gives it, or newer ones in time from where it says. */
export class TokenSource implements ReactiveController {
  #fetched: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | undefined;
  #failures = 0;

  constructor(
    host: ReactiveControllerHost,
    private readonly options: TokenSourceOptions,
  ) {
    host.addController(this);
  }

  /** The newest there is. */
  get current(): string | undefined {
    return this.#fetched ?? this.options.token();
  }

  /** There is none yet, and it is known where to ask. */
  get isAwaited(): boolean {
    return this.current === undefined && this.#canAsk;
  }

  hostConnected(): void {}

  hostDisconnected(): void {
    this.stop();
  }

  /**
   * Begins anew: with the page's token, or by asking for one.
   * @returns when that was answered, with or without a token
   */
  async start(): Promise<void> {
    this.stop();
    if (!this.#canAsk) return;
    const token = this.options.token();
    if (token === undefined) await this.#ask();
    else this.#renewBefore(token);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = undefined;
    this.#fetched = undefined;
    this.#failures = 0;
  }

  /** The server does not take it any more: asks at once, unless it does already. */
  refused(): void {
    if (!this.#canAsk || this.#abort || this.#failures > 0) return;
    this.#failures = 1;
    this.#askIn(0);
  }

  get #canAsk(): boolean {
    return this.options.getToken() !== undefined || Boolean(this.options.url());
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    const timeout = setTimeout(() => abort.abort(), TIMEOUT);
    let token: string | undefined;
    try {
      token = await this.#get(abort.signal);
    } catch {
      // Asked again below. What the token was for tells when it is missed.
    }
    clearTimeout(timeout);
    if (this.#abort !== abort) return;
    this.#abort = undefined;
    if (!token) {
      this.#askIn(Math.min(RETRY * 2 ** this.#failures++, MAX_RETRY));
      return;
    }
    this.#failures = 0;
    this.#renewBefore(token);
    if (token === this.current) return;
    this.#fetched = token;
    this.options.onToken?.();
  }

  async #get(signal: AbortSignal): Promise<string | undefined> {
    const getToken = this.options.getToken();
    const streamId = this.options.streamId();
    if (getToken) return getToken(streamId);
    const url = new URL(this.options.url() ?? '', location.href);
    url.searchParams.set('stream', streamId);
    // With the page's cookies, by which its server knows who asks.
    const response = await fetch(url, { signal, cache: 'no-store', credentials: 'same-origin' });
    return response.ok ? readToken(await response.text()) : undefined;
  }

  #renewBefore(token: string): void {
    const { life, left } = lifeOf(token);
    this.#askIn(left - Math.min(life * RENEW_LEFT, RENEW_BEFORE));
  }

  #askIn(seconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), Math.min(Math.max(0, seconds * 1000), MAX_TIMER));
  }
}

/** The token in an answer: as it is, or in the `token` of a JSON object. */
function readToken(body: string): string | undefined {
  const text = body.trim();
  if (!text.startsWith('{')) return text || undefined;
  const { token } = JSON.parse(text) as { token?: unknown };
  return typeof token === 'string' ? token : undefined;
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
