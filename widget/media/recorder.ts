import type { StreamFormat } from '../../server/protocol.js';
import { LivedropError } from '../errors.js';
import { recorderMimeType } from './capabilities.js';
import type { Encoder, EncoderEvents, EncoderHealth } from './encoder.js';

export interface RecorderOptions {
  /** Bits per second. @default 2500000 */
  videoBitsPerSecond?: number;
  /** Bits per second. @default 128000 */
  audioBitsPerSecond?: number;
}

/** Shortest run of bytes that Chromium's WebM recorder hands out, ms; its own clusters are as long. */
const TIMESLICE = 100;

/** Between key frames, ms: a viewer can start at each. Chromium's default is 100 frames. */
const KEY_FRAME_INTERVAL = 1000;

/** In Chromium only, and not in TypeScript's DOM library. */
interface KeyFrameOptions extends MediaRecorderOptions {
  videoKeyFrameIntervalDuration?: number;
}

/** MediaRecorder as an encoder: the bytes of one WebM or MP4 file, which the server's ffmpeg reads. */
export class Recorder implements Encoder {
  readonly #stream: MediaStream;
  readonly #events: EncoderEvents;
  readonly #options: KeyFrameOptions;
  #recorder: MediaRecorder | undefined;
  /** Blobs become bytes one after the other, so that they keep their order. */
  #reading: Promise<void> = Promise.resolve();

  /** @throws LivedropError UNSUPPORTED_BROWSER */
  constructor(stream: MediaStream, events: EncoderEvents, options: RecorderOptions = {}) {
    const mimeType = recorderMimeType();
    if (!mimeType) {
      throw new LivedropError(
        'UNSUPPORTED_BROWSER',
        'This browser cannot record video: it has no MediaRecorder for WebM or MP4.',
      );
    }
    this.#stream = stream;
    this.#events = events;
    this.#options = {
      mimeType,
      videoBitsPerSecond: options.videoBitsPerSecond ?? 2_500_000,
      audioBitsPerSecond: options.audioBitsPerSecond ?? 128_000,
      videoKeyFrameIntervalDuration: KEY_FRAME_INTERVAL,
    };
  }

  get health(): EncoderHealth {
    return { kind: 'mediarecorder', videoBitsPerSecond: this.#options.videoBitsPerSecond ?? 0 };
  }

  start(): Promise<StreamFormat> {
    this.restart();
    return Promise.resolve({ kind: 'container', mimeType: this.#options.mimeType });
  }

  restart(): void {
    const previous = this.#recorder;
    const recorder = new MediaRecorder(this.#stream, this.#options);
    this.#recorder = recorder;
    if (previous && previous.state !== 'inactive') previous.stop();
    recorder.ondataavailable = ({ data }) => this.#read(recorder, data);
    recorder.onerror = (event) =>
      this.#fail(recorder, 'MEDIA_ERROR', 'The browser could not encode the video.', event);
    recorder.onstop = () =>
      this.#fail(recorder, 'NO_MEDIA_STREAM', 'No media stream available: its tracks have ended.');
    try {
      recorder.start(TIMESLICE);
    } catch (cause) {
      this.#recorder = undefined;
      throw new LivedropError('NO_MEDIA_STREAM', 'No media stream available: its tracks have ended.', {
        cause,
      });
    }
  }

  async stop(): Promise<void> {
    const recorder = this.#recorder;
    if (recorder && recorder.state !== 'inactive') {
      await new Promise<void>((resolve) => {
        recorder.onerror = null;
        recorder.onstop = () => resolve();
        recorder.stop();
      });
    }
    await this.#reading;
    this.#recorder = undefined;
  }

  #read(recorder: MediaRecorder, blob: Blob): void {
    if (blob.size === 0) return;
    this.#reading = this.#reading
      .then(() => blob.arrayBuffer())
      .then((bytes) => {
        if (this.#recorder === recorder) this.#events.onData(bytes);
      })
      .catch((cause: unknown) =>
        this.#fail(recorder, 'MEDIA_ERROR', 'The encoded video could not be read.', cause),
      );
  }

  #fail(
    recorder: MediaRecorder,
    code: 'MEDIA_ERROR' | 'NO_MEDIA_STREAM',
    message: string,
    cause?: unknown,
  ): void {
    void this.#reading.then(() => {
      if (this.#recorder !== recorder) return;
      this.#recorder = undefined;
      this.#events.onError(new LivedropError(code, message, { cause }));
    });
  }
}
