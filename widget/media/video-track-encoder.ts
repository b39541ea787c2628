import type { VideoTrackConfig } from '../../server/protocol.js';
import type { EncoderTarget } from './encoder.js';
import { FrameFitter } from './frame-fitter.js';
import { FrameGrid } from './frame-grid.js';
import { frameMessage, toBase64, VIDEO_TRACK } from './frame-message.js';
import { KeyFrames } from './key-frames.js';

/** Frames in the encoder from which on none is added: more would only be late. */
const LONGEST_QUEUE = 3;

/** How late a frame may be, in frames. More than the compositor's own patience, whose repetitions come late themselves. */
const PATIENCE = 1.5;

/** Encoders that broke, hardware ones for instance, are replaced so often. */
const MAX_FAILURES = 3;

/** What a track's encoder tells of. */
export interface TrackEncoderEvents<Config> {
  /** Before the first data, and before the first data of which it is true. */
  onConfig(config: Config): void;
  onData(bytes: ArrayBuffer, isKey: boolean): void;
  onError(error: Error): void;
}

/** Encodes frames that come when they come as frames of one size, at a constant rate. */
export class VideoTrackEncoder {
  /** Encoded so far. */
  frames = 0;
  /** Left out, since the encoder was behind. */
  dropped = 0;
  readonly #config: VideoEncoderConfig & { framerate: number };
  readonly #events: TrackEncoderEvents<VideoTrackConfig>;
  readonly #grid: FrameGrid;
  readonly #keyFrames: KeyFrames;
  readonly #fitter: FrameFitter;
  #encoder: VideoEncoder;
  #failures = 0;
  #divisor = 1;
  #bitrate: number;
  #last: VideoFrame | undefined;
  /** Of the newest frame, as its source counts. */
  #timestamp = -Infinity;
  #description: string | undefined;
  /** Nothing before the next key frame is of use. */
  #awaitsKey = true;

  /** @param config of {@link h264Config} */
  constructor(config: VideoEncoderConfig, frameRate: number, events: TrackEncoderEvents<VideoTrackConfig>) {
    this.#config = { ...config, framerate: frameRate };
    this.#bitrate = config.bitrate ?? 0;
    this.#events = events;
    this.#grid = new FrameGrid(frameRate, PATIENCE);
    this.#keyFrames = new KeyFrames(frameRate);
    this.#fitter = new FrameFitter(config);
    this.#encoder = this.#open();
  }

  /** Frames that wait. */
  get queue(): number {
    return this.#encoder.encodeQueueSize;
  }

  /** When {@link repeat} has something to do, µs. */
  get deadline(): number {
    return this.#grid.deadline;
  }

  /**
   * Takes a frame, and closes it when it is of no more use.
   * @param time of its capture, µs
   */
  push(frame: VideoFrame, time: number): void {
    const step = (frame.timestamp - this.#timestamp) / this.#grid.period;
    this.#timestamp = frame.timestamp;
    const placement = this.#grid.place(time, step);
    if (!placement) {
      frame.close();
      return;
    }
    const { index, repeats } = placement;
    for (let at = index - repeats; this.#last && at < index; at++) this.#encode(this.#last, at);
    this.#last?.close();
    this.#last = frame;
    this.#encode(frame, index);
  }

  /** Shows the last frame again where its successor's time is over: the rate is constant. */
  repeat(now: number): void {
    const placement = this.#grid.repeat(now);
    if (!placement || !this.#last) return;
    for (let at = placement.index - placement.repeats; at <= placement.index; at++) {
      this.#encode(this.#last, at);
    }
  }

  /** The next data is a key frame, and comes after nothing that is needed. */
  restart(): void {
    this.#awaitsKey = true;
    this.#keyFrames.restart();
  }

  setTarget({ bitrate, divisor }: EncoderTarget): void {
    this.#divisor = divisor;
    this.#bitrate = Math.round((this.#config.bitrate ?? 0) * bitrate);
    this.#configure();
  }

  /** Resolves after the last data. */
  async stop(): Promise<void> {
    if (this.#encoder.state === 'configured') await this.#encoder.flush().catch(() => {});
    if (this.#encoder.state !== 'closed') this.#encoder.close();
    this.#last?.close();
    this.#last = undefined;
  }

  #open(): VideoEncoder {
    this.#encoder = new VideoEncoder({
      output: (chunk, metadata) => this.#onChunk(chunk, metadata),
      error: (error) => this.#onError(error),
    });
    this.#configure();
    return this.#encoder;
  }

  #configure(): void {
    if (this.#encoder.state === 'closed') return;
    this.#encoder.configure({
      ...this.#config,
      bitrate: this.#bitrate,
      framerate: this.#config.framerate / this.#divisor,
    });
  }

  #encode(source: VideoFrame, index: number): void {
    if (index % this.#divisor !== 0 || this.#encoder.state !== 'configured') return;
    if (this.#encoder.encodeQueueSize >= LONGEST_QUEUE) {
      this.dropped += 1;
      return;
    }
    const frame = this.#fitter.fit(source, this.#timestampOf(index));
    this.#encoder.encode(frame, { keyFrame: this.#keyFrames.isDue(index) });
    frame.close();
  }

  #timestampOf(index: number): number {
    return Math.round(index * this.#grid.period);
  }

  #onChunk(chunk: EncodedVideoChunk, metadata?: EncodedVideoChunkMetadata): void {
    const isKey = chunk.type === 'key';
    if (metadata?.decoderConfig) this.#describe(metadata.decoderConfig);
    if (this.#awaitsKey && !isKey) return;
    this.#awaitsKey = false;
    this.#failures = 0;
    this.frames += 1;
    const { timestamp } = chunk;
    const index = Math.round(timestamp / this.#grid.period);
    const duration = this.#timestampOf(index + this.#divisor) - timestamp;
    this.#events.onData(frameMessage({ trackId: VIDEO_TRACK, isKey, timestamp, duration }, chunk), isKey);
  }

  #describe({ codec, description }: VideoDecoderConfig): void {
    if (!description) return;
    const text = toBase64(description);
    if (text === this.#description) return;
    this.#description = text;
    const { width, height, framerate } = this.#config;
    this.#events.onConfig({
      id: VIDEO_TRACK,
      kind: 'video',
      codec,
      width,
      height,
      frameRate: framerate,
      description: text,
    });
  }

  #onError(error: Error): void {
    this.#failures += 1;
    if (this.#failures > MAX_FAILURES) {
      this.#events.onError(error);
      return;
    }
    // Hardware encoders break when a laptop changes its graphics card, and when too many are in use.
    this.#config.hardwareAcceleration = 'prefer-software';
    this.restart();
    try {
      this.#open();
    } catch (cause) {
      this.#events.onError(cause as Error);
    }
  }
}
