import type { StreamFormat } from '../../server/protocol.js';
import { LivedropError } from '../errors.js';
import { audioConfig } from './audio-config.js';
import { Deferred } from './deferred.js';
import {
  MOST_SOUND,
  type AudioInput,
  type EncoderCommand,
  type EncoderReport,
  type FramesOptions,
  type VideoInput,
} from './encoder-messages.js';
import type { Encoder, EncoderEvents, EncoderHealth, EncoderTarget } from './encoder.js';
import { DEFAULT_SIZE } from './frame-size.js';
import { StreamPump } from './stream-pump.js';
import { audioData, trackProcessor, videoFrames } from './track-processor.js';
import { h264Config } from './video-config.js';
import { startWorker } from './worker-loader.js';

export interface WebCodecsOptions extends Partial<FramesOptions> {
  /** Bits per second. @default 2500000 */
  videoBitsPerSecond?: number;
  /** Bits per second. @default 128000 */
  audioBitsPerSecond?: number;
  /** A second; the video's timestamps lie on a grid of it. @default the track's own, else 30 */
  frameRate?: number;
}

/** How long the first frame may take, ms: within the server's answer's own limit, so that there is time for another encoder. */
const START_TIMEOUT = 5000;

/** How long the last frames may take, ms. */
const STOP_TIMEOUT = 2000;

/** Pictures on their way to the worker, from which on none is sent: one that stands still would collect them. */
const MOST_PICTURES = 3;

/** Started before it is needed; the next encoder takes it. */
let prepared: Promise<Worker> | undefined;

/** Starts what an encoder to come runs in: a worker takes as long as the rest of a start. */
export function prepareWorker(): void {
  prepared ??= launch();
  // The next one tries again.
  prepared.catch(() => (prepared = undefined));
}

function takeWorker(): Promise<Worker> {
  const worker = prepared ?? launch();
  prepared = undefined;
  return worker;
}

function launch(): Promise<Worker> {
  return startWorker(
    // Bundlers look for exactly this expression.
    (Worker) => new Worker(new URL('./encoder-worker.js', import.meta.url), { type: 'module' }),
  );
}

/** Whether this browser encodes what {@link WebCodecsEncoder} makes. */
export async function canEncodeFrames(): Promise<boolean> {
  const configs = await Promise.all([
    h264Config({ ...DEFAULT_SIZE, frameRate: 30, bitrate: 2_500_000 }),
    audioConfig({ sampleRate: 48_000, channels: 2, bitrate: 128_000 }),
  ]);
  return configs.every((config) => config !== undefined);
}

/** WebCodecs as an encoder: H.264 and AAC or Opus in the frames format, made in a worker. */
export class WebCodecsEncoder implements Encoder {
  readonly #stream: MediaStream;
  readonly #events: EncoderEvents;
  readonly #options: FramesOptions;
  readonly #format = new Deferred<StreamFormat>();
  readonly #stopped = new Deferred();
  #health: EncoderHealth;
  #worker: Worker | undefined;
  #pump: StreamPump | undefined;
  /** Pictures and pieces of sound that the worker has not taken yet, and all those that were left out for it. */
  #onTheWay = 0;
  #soundOnTheWay = 0;
  #leftOut = 0;
  /** Data that is on its way from the worker, and was made before it began anew, is of no use. */
  #restarts = 0;
  #isStopping = false;

  constructor(stream: MediaStream, events: EncoderEvents, options: WebCodecsOptions = {}) {
    this.#stream = stream;
    this.#events = events;
    const { frameRate: own } = stream.getVideoTracks()[0]?.getSettings() ?? {};
    const frameRate = options.frameRate ?? (own && own >= 5 && own <= 60 ? Math.round(own) : 30);
    const { videoBitsPerSecond = 2_500_000, audioBitsPerSecond = 128_000 } = options;
    const { sampleRate, channelCount: channels } = stream.getAudioTracks()[0]?.getSettings() ?? {};
    this.#options = { videoBitsPerSecond, audioBitsPerSecond, frameRate, sampleRate, channels };
    this.#health = { kind: 'webcodecs', videoBitsPerSecond, frameRate };
  }

  get health(): EncoderHealth {
    return this.#health;
  }

  /** @throws LivedropError NO_MEDIA_STREAM, UNSUPPORTED_BROWSER */
  async start(): Promise<StreamFormat> {
    const [videoTrack] = this.#stream.getVideoTracks();
    const [audioTrack] = this.#stream.getAudioTracks();
    if (!videoTrack && !audioTrack) throw new LivedropError('NO_MEDIA_STREAM', 'No media stream available.');
    const timer = setTimeout(
      () => this.#fail('UNSUPPORTED_BROWSER', `No encoded frame came within ${START_TIMEOUT / 1000} s.`),
      START_TIMEOUT,
    );
    try {
      const starting = takeWorker();
      // One that comes after it was given up has nothing to do.
      starting.then((late) => this.#isStopping && late.terminate()).catch(() => {});
      await Promise.race([starting, this.#format.promise]);
      if (this.#isStopping) throw new Error('It was stopped.');
      const worker = await starting;
      this.#worker = worker;
      worker.onmessage = ({ data }: MessageEvent<EncoderReport>) => this.#handle(data);
      worker.onerror = ({ message }) =>
        this.#fail('MEDIA_ERROR', `The worker that encodes broke: ${message}`);
      await this.#feed(videoTrack, audioTrack);
      return await this.#format.promise;
    } catch (cause) {
      this.#close();
      if (cause instanceof LivedropError) throw cause;
      throw new LivedropError('UNSUPPORTED_BROWSER', 'This browser cannot encode by WebCodecs.', { cause });
    } finally {
      clearTimeout(timer);
    }
  }

  restart(): void {
    if (!this.#worker) return;
    this.#restarts += 1;
    this.#send({ type: 'restart' });
  }

  setTarget(target: EncoderTarget): void {
    const { videoBitsPerSecond, frameRate } = this.#options;
    this.#health = {
      ...this.#health,
      videoBitsPerSecond: Math.round(videoBitsPerSecond * target.bitrate),
      frameRate: frameRate / target.divisor,
    };
    this.#send({ type: 'target', target });
  }

  async stop(): Promise<void> {
    if (this.#worker && !this.#isStopping) {
      this.#pump?.stop();
      this.#send({ type: 'stop' });
      const timer = setTimeout(() => this.#stopped.resolve(), STOP_TIMEOUT);
      await this.#stopped.promise;
      clearTimeout(timer);
    }
    this.#close();
  }

  /** Gives the tracks to the worker in the way that this browser has. */
  async #feed(video?: MediaStreamTrack, audio?: MediaStreamTrack): Promise<void> {
    const Processor = trackProcessor();
    if (Processor) {
      const videoReadable = video && videoFrames(video, Processor);
      const audioReadable = audio && audioData(audio, Processor);
      this.#start(
        videoReadable && { kind: 'readable', readable: videoReadable },
        audioReadable && { kind: 'readable', readable: audioReadable },
        [videoReadable, audioReadable].filter((readable) => readable !== undefined),
      );
      return;
    }
    const pump = new StreamPump(this.#stream, this.#options.frameRate, {
      onVideo: (frame) => this.#sendPicture(frame),
      onAudio: (data, leftOut) => {
        this.#leftOut += leftOut;
        this.#sendSound(data);
      },
    });
    this.#pump = pump;
    const audioInput: AudioInput | undefined = audio && { kind: 'messages' };
    if (!this.#startWithTrack(video, audioInput)) {
      this.#start(video && { kind: 'messages' }, audioInput);
      if (video) pump.startVideo(video);
    }
    if (audio) await pump.startAudio();
    this.#watchTracks();
  }

  #sendPicture(frame: VideoFrame): void {
    if (this.#onTheWay >= MOST_PICTURES) {
      this.#leftOut += 1;
      frame.close();
      return;
    }
    this.#onTheWay += 1;
    this.#send({ type: 'video-frame', frame }, [frame]);
  }

  /** The newest is left out: what was sent cannot be taken back. Its timestamps are not used again, and say so. */
  #sendSound(data: AudioData): void {
    if (this.#soundOnTheWay * data.duration >= MOST_SOUND) {
      this.#leftOut += 1;
      data.close();
      return;
    }
    this.#soundOnTheWay += 1;
    this.#send({ type: 'audio-data', data }, [data]);
  }

  /** Safari takes a video track to a worker. @returns false where tracks stay in this browser's windows */
  #startWithTrack(video: MediaStreamTrack | undefined, audio: AudioInput | undefined): boolean {
    if (!video) return false;
    const track = video.clone();
    try {
      this.#start({ kind: 'track', track }, audio, [track]);
      return true;
    } catch {
      // DataCloneError.
      track.stop();
      return false;
    }
  }

  #start(video: VideoInput | undefined, audio: AudioInput | undefined, transfer: Transferable[] = []): void {
    const inputs = { ...(video ? { video } : {}), ...(audio ? { audio } : {}) };
    this.#send({ type: 'start', options: this.#options, ...inputs }, transfer);
  }

  /** The worker cannot know when tracks end whose data is sent to it. */
  #watchTracks(): void {
    const tracks = this.#stream.getTracks();
    for (const track of tracks) {
      track.addEventListener('ended', () => {
        if (tracks.every(({ readyState }) => readyState === 'ended')) this.#handle({ type: 'ended' });
      });
    }
  }

  #handle(report: EncoderReport): void {
    if (this.#isStopping) return;
    switch (report.type) {
      case 'format':
        this.#health = { ...this.#health, origin: report.origin };
        this.#format.resolve(report.format);
        break;
      case 'config':
        this.#events.onTrackConfig?.(report.track);
        break;
      case 'data':
        if (this.#restarts === 0) this.#events.onData(report.bytes);
        break;
      case 'restarted':
        this.#restarts -= 1;
        break;
      case 'counts':
        this.#health = {
          ...this.#health,
          ...report.counts,
          dropped: report.counts.dropped + this.#leftOut,
        };
        break;
      case 'video-taken':
        this.#onTheWay -= 1;
        break;
      case 'audio-taken':
        this.#soundOnTheWay -= 1;
        break;
      case 'ended':
        this.#fail('NO_MEDIA_STREAM', 'No media stream available: its tracks have ended.');
        break;
      case 'error':
        this.#fail('MEDIA_ERROR', `The browser could not encode: ${report.message}`);
        break;
      case 'stopped':
        this.#stopped.resolve();
        break;
    }
  }

  #send(command: EncoderCommand, transfer: Transferable[] = []): void {
    this.#worker?.postMessage(command, transfer);
  }

  #fail(code: 'MEDIA_ERROR' | 'NO_MEDIA_STREAM' | 'UNSUPPORTED_BROWSER', message: string): void {
    const error = new LivedropError(code, message);
    const hasFormat = this.#health.origin !== undefined;
    this.#stopped.resolve();
    this.#format.reject(error);
    if (!hasFormat || this.#isStopping) return;
    this.#close();
    this.#events.onError(error);
  }

  #close(): void {
    this.#isStopping = true;
    this.#pump?.stop();
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
