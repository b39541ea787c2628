/**
 * Turns container bytes into fragmented MP4 with one frame a fragment. The core asks its runtime for
 * one; the Node adapter runs ffmpeg.
 */
export interface TranscoderFactory {
  /** Starts a transcoder for one stream. Must not throw: a failure is told through `onExit`. */
  start(input: TranscoderInput, events: TranscoderEvents): Transcoder;
}

/** What a transcoder has to do for one stream. */
export interface TranscoderInput {
  /** For logs. */
  streamId: string;
  container: 'webm' | 'mp4' | 'mpegts';
  /** Copy the video (it is H.264) or encode it to H.264. */
  video: 'copy' | 'encode';
  /** Copy the audio (it is AAC) or encode it to AAC. */
  audio: 'copy' | 'encode';
  /** Between key frames of encoded video, seconds. */
  keyFrameInterval: number;
}

/**
 * Why a transcoder is gone that says nothing of its input: it could not be started, or something ended it. It is tried again also
 * where nothing has come out of the input yet.
 */
export class TranscoderUnavailable extends Error {
  override readonly name = 'TranscoderUnavailable';
}

/** What a transcoder tells of. */
export interface TranscoderEvents {
  /** The next bytes of the fragmented MP4, of any length. */
  onOutput(bytes: Uint8Array): void;
  /**
   * It is gone, after its last output, exactly once. `error` is absent where it ended by itself after `end()`, and a
   * {@link TranscoderUnavailable} where the input is not to blame.
   */
  onExit(error?: Error): void;
}

/** One running transcoder. */
export interface Transcoder {
  /**
   * Gives it the next bytes of the file.
   * @returns false when it is slower than its input: stop until {@link drained} resolves.
   */
  write(bytes: Uint8Array): boolean;
  /** Resolves when it takes bytes again, or is gone. */
  drained(): Promise<void>;
  /** No more input: it writes out what it holds and then exits. */
  end(): void;
  /** Ends it at once. `onExit` follows. */
  kill(): void;
}
