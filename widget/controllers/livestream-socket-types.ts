import type { StopReason, StreamStatus } from '../../server/protocol.js';
import type { LivedropError } from '../errors.js';
import type { EncoderKind } from '../media/auto-encoder.js';
import type { BroadcastOptions, PublishState } from '../media/broadcast.js';
import type { BroadcastHealth } from '../media/broadcast-monitor.js';
import type { ConnectionOptions } from '../media/connection.js';
import type { EncoderFactory } from '../media/encoder.js';
import type { RetryOptions } from '../media/retry.js';
import type { Dropped } from '../media/send-queue.js';

export type { BroadcastHealth, Dropped, EncoderKind, PublishState, RetryOptions };

/** Options of `LivestreamSocketController`. Functions are asked anew each time, so that they may read a property of the host. */
export interface LivestreamSocketOptions extends BroadcastOptions, ConnectionOptions {
  /** See `resolveBackend`; asked at every connect. */
  backendUrl?: () => string | undefined;
  /** Where playlists come from instead. */
  cdnUrl?: () => string | undefined;
  /** A stream key, a publish token or a viewer's token; asked at every start and join. */
  token?: () => string | undefined;
  /** What `startStream` sends where it is not told: `() => media.stream` beside a `MediaStreamController`. */
  stream?: () => MediaStream | undefined;
  debug?: () => boolean;
}

/** What to broadcast, for `startStream`. */
export interface StartStreamOptions {
  /** What to send. Its tracks must stay the same. @default the constructor's `stream` */
  stream?: MediaStream | undefined;
  title?: string;
  /** Instead of the controller's `token` option. */
  token?: string;
  /** Bits per second. @default 2500000 */
  videoBitsPerSecond?: number;
  /** Bits per second. @default 128000 */
  audioBitsPerSecond?: number;
  /**
   * What encodes: `webcodecs` sends frames, which the server passes on as they are; `mediarecorder` sends a file, which the
   * server's ffmpeg reads; `auto` the first where browser and server can, else the second. Or one of your own.
   * @default auto
   */
  encoder?: EncoderKind | EncoderFactory | undefined;
  /**
   * Longest time that media is kept while the connection is broken, silent or too slow, seconds; what is older is given up
   * and told by `dropped`. Instead of the controller's own option.
   * @default 30
   */
  maxBufferedSeconds?: number | undefined;
  /** Of the encoded video, a second. @default that of the video track, else 30 */
  frameRate?: number | undefined;
}

/** Events of `LivestreamSocketController`. */
export interface LivestreamSocketEvents {
  statechange: CustomEvent<{ state: PublishState; reason?: StopReason }>;
  statuschange: CustomEvent<{ streamId: string; status: StreamStatus }>;
  viewercount: CustomEvent<{ streamId: string; count: number }>;
  connectionchange: CustomEvent<{ isConnected: boolean }>;
  /** Media that could not be kept until the server had it, whole groups of pictures, the oldest first: viewers see a gap. */
  dropped: CustomEvent<Dropped>;
  /** How publishing does, about once a second while there is media. */
  health: CustomEvent<BroadcastHealth>;
  error: CustomEvent<{ error: LivedropError }>;
}
