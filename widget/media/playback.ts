import type { LivedropError } from '../errors.js';
import type { HeadStart } from './head-start.js';
import type { LatencyOptions } from './latency.js';

export interface PlaybackOptions {
  /** How near to the live edge; nothing where the browser decides. */
  latency?: Partial<LatencyOptions> | undefined;
  /** Seconds without anything to play until `onError` tells STREAM_NOT_SHOWING. @default 10 */
  showTimeout?: number | undefined;
  /** A viewer's, asked for every request: a newer one goes on without a break. */
  token?: (() => string | undefined) | undefined;
  /** Told which token the browser's own player begins with: it keeps that one, while all others take the newest. */
  onTokenKept?: ((token: string | undefined) => void) | undefined;
  /** What was asked for already. */
  headStart?: HeadStart | undefined;
  /** Called when it takes the video element; what had it before lets go. Until then that may go on. */
  onTake?: () => void;
}

export interface PlaybackEvents {
  /** It cannot play for now, or plays again (undefined). It goes on trying in any case. */
  onError(error: LivedropError | undefined): void;
  onDebug(message: string, detail?: unknown): void;
  /** Another way would serve better: `instant` only. It goes on until it is closed, as far as it can. */
  onFallback(reason: string): void;
}

/**
 * One way of bringing a live stream into a video element, from its construction to `close()`. It loads; playing, which
 * every load ends, is begun by its owner when the element can play.
 */
export interface Playback {
  readonly transport: 'hls' | 'native' | 'instant';
  /** Behind the end of what the server offers, seconds; undefined while it is not known. */
  readonly edgeLatency: number | undefined;
  /** When what is shown was captured, by the server's clock, milliseconds since the epoch; undefined where nothing tells. */
  readonly shownAt: number | undefined;
  /** Seconds that it tries to stay behind what has arrived; undefined where the browser decides. */
  readonly target: number | undefined;
  /** Whether it stays at the live edge by itself; off while the person watches something further back. */
  isFollowing: boolean;
  seekToLive(): void;
  /** Leaves the video element as it was. */
  close(): void;
}
