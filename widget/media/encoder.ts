import type { StreamFormat, TrackConfig } from '../../server/protocol.js';
import type { LivedropError } from '../errors.js';

/** What an {@link Encoder} tells of. */
export interface EncoderEvents {
  /** The next binary message of the stream. */
  onData(bytes: ArrayBuffer): void;
  /** Frames format only: a track's new configuration, valid for the data after it. */
  onTrackConfig?(track: TrackConfig): void;
  /** It cannot go on; no data follows. */
  onError(error: LivedropError): void;
}

/** Makes a MediaStream's tracks into the binary messages of one stream format. */
export interface Encoder {
  /** Resolves with what `start-stream` must say, which may need the first encoded frames. */
  start(): Promise<StreamFormat>;
  /** Begins anew: the next data can be read without any that came before it. */
  restart(): void;
  /** Resolves after the last data. */
  stop(): Promise<void>;
  /**
   * The server does not take the format: begins anew with another one, and resolves with it. Absent, or undefined: there
   * is no other. Data of the old format is over.
   */
  refused?(): Promise<StreamFormat> | undefined;
  /** What the connection carries changed. Absent: it cannot follow. */
  setTarget?(target: EncoderTarget): void;
  /** Absent: it does not know. */
  readonly health?: EncoderHealth | undefined;
}

/** What an encoder is to make, as far as that can change while it runs. */
export interface EncoderTarget {
  /** Share of the video bitrate that was asked for at the start, 0 to 1. */
  bitrate: number;
  /** Every how many-th frame is encoded: 1 = all. */
  divisor: number;
}

/** How an encoder does. */
export interface EncoderHealth {
  kind: 'webcodecs' | 'mediarecorder';
  /** Video frames that were encoded so far. */
  frames?: number;
  /** Video frames and pieces of sound that were left out so far, since the encoder was behind. */
  dropped?: number;
  /** Video frames that wait in the encoder. */
  queue?: number;
  /** Bits per second of video it is to make. */
  videoBitsPerSecond: number;
  /** A second, it is to make; undefined: as the source has them. */
  frameRate?: number;
  /** This page's clock at timestamp 0 of the frames, milliseconds since the epoch (see `pageClock`). */
  origin?: number;
}

/** Makes an encoder for a stream; `events` are called from `start()` on. */
export type EncoderFactory = (stream: MediaStream, events: EncoderEvents) => Encoder;
