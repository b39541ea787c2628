import type { FramesFormat, TrackConfig } from '../../server/protocol.js';
import type { EncoderTarget } from './encoder.js';

/** Sound that may wait for a worker or an encoder that stands still, µs: more than a busy machine's pause. What comes then is left out. */
export const MOST_SOUND = 3_000_000;

/** A track's source, as it can reach the worker. */
export type VideoInput =
  | { kind: 'readable'; readable: ReadableStream<VideoFrame> }
  | { kind: 'track'; track: MediaStreamTrack }
  /** `video-frame` messages. */
  | { kind: 'messages' };

export type AudioInput =
  | { kind: 'readable'; readable: ReadableStream<AudioData> }
  /** `audio-data` messages. */
  | { kind: 'messages' };

export interface FramesOptions {
  /** Of the audio track, hertz, where it says so: known before the first audio. */
  sampleRate?: number | undefined;
  /** Of the audio track, where it says so. */
  channels?: number | undefined;
  /** Bits per second. */
  videoBitsPerSecond: number;
  /** Bits per second. */
  audioBitsPerSecond: number;
  /** A second; the video's timestamps lie on a grid of it. */
  frameRate: number;
}

/** Counted from the beginning. */
export interface EncoderCounts {
  /** Video frames that were encoded. */
  frames: number;
  /** Video frames and pieces of sound that were left out, since the encoder was behind. */
  dropped: number;
  /** Frames that wait in the encoder now. */
  queue: number;
}

/** To the worker. */
export type EncoderCommand =
  | { type: 'start'; options: FramesOptions; video?: VideoInput; audio?: AudioInput }
  | { type: 'video-frame'; frame: VideoFrame }
  | { type: 'audio-data'; data: AudioData }
  | { type: 'restart' }
  | { type: 'target'; target: EncoderTarget }
  | { type: 'stop' };

/** From the worker. */
export type EncoderReport =
  | { type: 'ready' }
  /** `origin`: the page's clock at timestamp 0, milliseconds since the epoch. */
  | { type: 'format'; format: FramesFormat; origin: number }
  | { type: 'config'; track: TrackConfig }
  | { type: 'data'; bytes: ArrayBuffer }
  /** What comes next needs nothing that came before. */
  | { type: 'restarted' }
  | { type: 'counts'; counts: EncoderCounts }
  /** The answer to each `video-frame`. */
  | { type: 'video-taken' }
  /** The answer to each `audio-data`. */
  | { type: 'audio-taken' }
  /** All tracks have ended. */
  | { type: 'ended' }
  | { type: 'error'; message: string }
  | { type: 'stopped' };
