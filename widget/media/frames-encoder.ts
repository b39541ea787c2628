import type { TrackConfig } from '../../server/protocol.js';
import { audioConfig } from './audio-config.js';
import { AudioTrackEncoder } from './audio-track-encoder.js';
import type { EncoderTarget } from './encoder.js';
import type { EncoderCounts, EncoderReport, FramesOptions } from './encoder-messages.js';
import { even } from './frame-size.js';
import { MediaClock } from './media-clock.js';
import { uncountedFrame } from './uncounted-frame.js';
import { h264Config } from './video-config.js';
import { VideoTrackEncoder } from './video-track-encoder.js';

/**
 * How long the first audio is waited for, ms, before silence takes its place: an AudioContext begins late, and without a
 * gesture of the person never, and viewers need not wait for it.
 */
const FIRST_AUDIO_TIMEOUT = 60;

/** Between looks at whether audio is missing, ms. */
const FILL_INTERVAL = 100;

type Post = (report: EncoderReport, transfer?: Transferable[]) => void;

/** µs. */
const now = (): number => performance.now() * 1000;

/** Frames of up to one video and one audio track become the messages of the frames format, all on one clock. */
export class FramesEncoder {
  readonly #options: FramesOptions;
  readonly #post: Post;
  readonly #videoClock = new MediaClock();
  readonly #audioClock = new MediaClock();
  readonly #configs = new Map<number, TrackConfig>();
  readonly #readers: ReadableStreamDefaultReader[] = [];
  #video: VideoTrackEncoder | undefined;
  #audio: AudioTrackEncoder | undefined;
  /** Messages until the format is known. */
  #early: ArrayBuffer[] | undefined = [];
  #tracks = 0;
  #open = 0;
  #origin: number | undefined;
  /** Since a restart: audio waits for the picture that it belongs to. */
  #awaitsKey = false;
  #isStopped = false;
  #repeatTimer: ReturnType<typeof setTimeout> | undefined;
  #fillTimer: ReturnType<typeof setInterval> | undefined;

  constructor(options: FramesOptions, post: Post) {
    this.#options = options;
    this.#post = post;
  }

  get counts(): EncoderCounts {
    const { frames = 0, dropped = 0, queue = 0 } = this.#video ?? {};
    return { frames, dropped: dropped + (this.#audio?.dropped ?? 0), queue };
  }

  /** Resolves when everything is set up; `format` follows with the first encoded frames. @throws Error */
  async start(
    video: ReadableStream<VideoFrame> | undefined,
    audio: ReadableStream<AudioData> | undefined,
  ): Promise<void> {
    this.#tracks = Number(video !== undefined) + Number(audio !== undefined);
    await Promise.all([video && this.#startVideo(video), audio && this.#startAudio(audio)]);
  }

  restart(): void {
    this.#awaitsKey = this.#video !== undefined;
    this.#video?.restart();
  }

  setTarget(target: EncoderTarget): void {
    this.#video?.setTarget(target);
  }

  /** Resolves after the last data. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#repeatTimer);
    clearInterval(this.#fillTimer);
    for (const reader of this.#readers) reader.cancel().catch(() => {});
    await Promise.all([this.#video?.stop(), this.#audio?.stop()]);
  }

  async #startVideo(readable: ReadableStream<VideoFrame>): Promise<void> {
    /** The newest one, until there is an encoder. */
    let waiting: VideoFrame | undefined;
    await new Promise<void>((resolve) => {
      void this.#pump(readable, (counted) => {
        const frame = uncountedFrame(counted);
        const time = this.#videoClock.map(frame.timestamp, now());
        if (this.#video) {
          this.#pushVideo(frame, time);
        } else {
          waiting?.close();
          waiting = frame;
          resolve();
        }
      }).then(resolve);
    });
    if (!waiting) throw new Error('The video track gives no frames.');
    const { frameRate, videoBitsPerSecond } = this.#options;
    const size = { width: even(waiting.displayWidth), height: even(waiting.displayHeight) };
    const config = await h264Config({ ...size, frameRate, bitrate: videoBitsPerSecond });
    if (!config) throw new Error(`This browser encodes no H.264 of ${size.width}×${size.height}.`);
    if (this.#isStopped) return;
    this.#video = new VideoTrackEncoder(config, frameRate, {
      onConfig: (track) => this.#onConfig(track),
      onData: (bytes, isKey) => {
        if (isKey) this.#awaitsKey = false;
        this.#onData(bytes);
      },
      onError: (error) => this.#fail(error),
    });
    this.#pushVideo(waiting, this.#videoClock.map(waiting.timestamp, now()));
  }

  #pushVideo(frame: VideoFrame, time: number): void {
    this.#begin(time);
    this.#video?.push(frame, time);
    this.#scheduleRepeat();
  }

  #scheduleRepeat(): void {
    clearTimeout(this.#repeatTimer);
    const video = this.#video;
    if (!video || this.#isStopped) return;
    this.#repeatTimer = setTimeout(
      () => {
        video.repeat(now());
        this.#scheduleRepeat();
      },
      Math.max(1, (video.deadline - now()) / 1000),
    );
  }

  async #startAudio(readable: ReadableStream<AudioData>): Promise<void> {
    const waiting: AudioData[] = [];
    await new Promise<void>((resolve) => {
      setTimeout(resolve, FIRST_AUDIO_TIMEOUT);
      void this.#pump(readable, (data) => {
        const time = this.#audioClock.map(data.timestamp, now());
        if (this.#audio) this.#audio.push(data, time);
        else waiting.push(data);
        resolve();
      }).then(resolve);
    });
    const first = waiting[0];
    const config = await audioConfig({
      sampleRate: first?.sampleRate ?? this.#options.sampleRate ?? 48_000,
      channels: Math.min(2, first?.numberOfChannels ?? this.#options.channels ?? 2),
      bitrate: this.#options.audioBitsPerSecond,
    });
    if (!config) throw new Error('This browser encodes neither AAC nor Opus.');
    if (this.#isStopped) return;
    const audio = new AudioTrackEncoder(config, {
      onConfig: (track) => this.#onConfig(track),
      onData: (bytes) => {
        if (!this.#awaitsKey) this.#onData(bytes);
      },
      onError: (error) => this.#fail(error),
    });
    this.#audio = audio;
    if (this.#tracks === 1) this.#begin(first ? this.#audioClock.map(first.timestamp, now()) : now());
    if (this.#origin !== undefined) audio.begin(this.#origin);
    for (const data of waiting) audio.push(data, this.#audioClock.map(data.timestamp, now()));
    if (waiting.length === 0) audio.fill(now());
    this.#fillTimer = setInterval(() => audio.fill(now()), FILL_INTERVAL);
  }

  /** @param time of the first frame, which is timestamp 0 */
  #begin(time: number): void {
    this.#origin ??= time;
    this.#audio?.begin(this.#origin);
  }

  #onConfig(track: TrackConfig): void {
    this.#configs.set(track.id, track);
    if (!this.#early) {
      this.#post({ type: 'config', track });
      return;
    }
    if (this.#configs.size < this.#tracks || this.#origin === undefined) return;
    const tracks = [...this.#configs.values()].sort((a, b) => a.id - b.id);
    const origin = performance.timeOrigin + this.#origin / 1000;
    this.#post({ type: 'format', format: { kind: 'frames', tracks }, origin });
    const early = this.#early;
    this.#early = undefined;
    for (const bytes of early) this.#onData(bytes);
  }

  #onData(bytes: ArrayBuffer): void {
    if (this.#early) this.#early.push(bytes);
    else this.#post({ type: 'data', bytes }, [bytes]);
  }

  /** Resolves when the track has ended. */
  async #pump<T extends VideoFrame | AudioData>(
    readable: ReadableStream<T>,
    take: (value: T) => void,
  ): Promise<void> {
    const reader = readable.getReader();
    this.#readers.push(reader as ReadableStreamDefaultReader);
    this.#open += 1;
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        if (this.#isStopped) value.close();
        else take(value);
      }
    } catch (error) {
      this.#fail(error as Error);
    }
    this.#open -= 1;
    if (this.#open === 0 && !this.#isStopped) this.#post({ type: 'ended' });
  }

  #fail(error: Error): void {
    if (!this.#isStopped) this.#post({ type: 'error', message: error.message });
  }
}
