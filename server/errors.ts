import type { Limits } from './options.js';
import type { ErrorCode } from './protocol.js';

/** The HTTP status for each error code of the protocol. */
const STATUS: Record<ErrorCode, number> = {
  BAD_MESSAGE: 400,
  UNSUPPORTED_FORMAT: 415,
  UNAUTHORIZED: 401,
  STREAM_IN_USE: 409,
  NOT_STREAMING: 409,
  TOO_LARGE: 413,
  RATE_LIMITED: 429,
  SERVER_FULL: 503,
  TRANSCODER_FAILED: 502,
  SHUTTING_DOWN: 503,
};

/** When to try again where there are as many streams as there may be: one lasts, seconds. */
export const FULL_RETRY_AFTER = 5;

/** Of an error that a limit is the reason for. */
export interface Refusal {
  /** Counted in `/metrics` under this name. */
  limit?: keyof Limits;
  /** Seconds until it makes sense to try again. */
  retryAfter?: number;
}

/** A request or message that cannot be served, for a reason its sender can act on. */
export class LivestreamError extends Error {
  override readonly name = 'LivestreamError';
  /** The HTTP status that says the same. */
  readonly status: number;

  /**
   * @param code one of the protocol's error codes
   * @param message what was wrong with which value and what to do
   * @param options `status` of HTTP, where the code's own does not fit
   */
  constructor(
    readonly code: ErrorCode,
    message: string,
    {
      status = STATUS[code],
      limit,
      retryAfter,
      ...options
    }: { cause?: unknown; status?: number } & Refusal = {},
  ) {
    super(message, options);
    this.status = status;
    this.limit = limit;
    this.retryAfter = retryAfter;
  }

  /** The limit that is the reason. */
  readonly limit: keyof Limits | undefined;

  /** Seconds until it makes sense to try again; undefined: the same will be refused again. */
  readonly retryAfter: number | undefined;

  /** The stream that the refused message named, as far as it could be read. */
  streamId?: string;
}

/** A playback request that is answered with an HTTP status other than 200. */
export class PlaybackError extends Error {
  override readonly name = 'PlaybackError';

  constructor(
    readonly status: 400 | 404 | 414 | 429 | 503,
    message: string,
    /** Seconds until it makes sense to try again. */
    readonly retryAfter?: number,
    /** The limit that is the reason. */
    readonly limit?: keyof Limits,
  ) {
    super(message);
  }
}
