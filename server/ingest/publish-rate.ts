import { LivestreamError } from '../errors.js';
import type { Limits } from '../options.js';
import { RateLimit } from './rate-limit.js';

/** A publisher whose connection was silent for a while sends what it kept all at once. */
const BURST_SECONDS = 10;

/** How fast one publisher may send: so many messages, and so many bits, a second on average. */
export class PublishRate {
  readonly #messages: RateLimit;
  readonly #bytes: RateLimit;

  constructor(private readonly limits: Pick<Limits, 'maxMessageRate' | 'maxBitrate'>) {
    this.#messages = new RateLimit(limits.maxMessageRate, BURST_SECONDS);
    this.#bytes = new RateLimit(limits.maxBitrate / 8, BURST_SECONDS);
  }

  /** What it made while it was away the publisher sends at once. @param seconds that it was away until now */
  allowCatchingUp(seconds: number): void {
    this.#messages.grant(seconds);
    this.#bytes.grant(seconds);
  }

  /** Counts a message. @throws LivestreamError RATE_LIMITED */
  take(bytes: Uint8Array): void {
    const { maxMessageRate, maxBitrate } = this.limits;
    if (!this.#messages.take(1)) {
      throw new LivestreamError('RATE_LIMITED', `more than ${maxMessageRate} messages a second; send fewer`, {
        limit: 'maxMessageRate',
        retryAfter: BURST_SECONDS,
      });
    }
    if (!this.#bytes.take(bytes.length)) {
      throw new LivestreamError('RATE_LIMITED', `more than ${maxBitrate} bits a second; lower the bitrate`, {
        limit: 'maxBitrate',
        retryAfter: BURST_SECONDS,
      });
    }
  }
}
