import type { LivedropError } from '../errors.js';
import type { InstantHealthOptions } from '../media/instant-health.js';
import type { LatencyOptions } from '../media/latency.js';
import type { LatencyMode } from '../media/live-playback.js';

export type { InstantHealthOptions, LatencyMode, LatencyOptions };

/** Where the picture comes from: hls.js, the browser's HLS, an endless MP4, or a MediaStream. */
export type VideoTransport = 'hls' | 'native' | 'instant' | 'stream';

/** What is known about how far behind the picture is. */
export interface LatencyReading {
  /** Seconds; see `VideoElementController.latency`. */
  latency: number | undefined;
  /** Seconds that are kept in the buffer when the next piece arrives; undefined where the browser decides. */
  target: number | undefined;
  /** Playback rate. */
  rate: number;
  transport: VideoTransport;
}

/** Options of {@link VideoElementController}. */
export interface VideoElementOptions {
  /** Asked at every host update; null while it is not rendered. */
  video: () => HTMLVideoElement | null | undefined;
  /** How near to the live edge to stay, asked at every load. */
  latency?: () => Partial<LatencyOptions> | undefined;
  /** Asked at every load; `instant` falls back to `low` where it does not serve. @default 'low' */
  latencyMode?: () => LatencyMode;
  /** A viewer's token, asked for every request. */
  token?: () => string | undefined;
  /** Told which token the browser's own player begins with, and keeps: tell it to `LivestreamSocketController.tokenKept`. */
  onTokenKept?: (token: string | undefined) => void;
  /** When `instant` falls back, asked at every load. */
  health?: () => Partial<InstantHealthOptions> | undefined;
  /** The server's clock, milliseconds since the epoch, so that `latency` can be told from capture to glass. */
  serverTime?: () => number | undefined;
  /** Whether `load` and `attachStream` begin to play by themselves. @default true */
  autoplay?: () => boolean;
  /** Seconds without anything to play until `error` tells STREAM_NOT_SHOWING. @default 10 */
  showTimeout?: number;
  debug?: () => boolean;
}

/** Events of {@link VideoElementController}. */
export interface VideoElementEvents {
  playing: Event;
  pause: Event;
  waiting: Event;
  /** The playlist ended and everything was played. */
  ended: Event;
  /** Any public property but time, latency and duration changed. */
  statechange: Event;
  /** About once a second while a playlist is played. */
  latencychange: CustomEvent<LatencyReading>;
  /** `instant` does not serve, and `low` takes its place until the next load. */
  fallback: CustomEvent<{ reason: string }>;
  error: CustomEvent<{ error: LivedropError }>;
}
