import type { StreamFormat } from '../../server/protocol.js';
import { LivedropError } from '../errors.js';
import type { Encoder, EncoderEvents, EncoderHealth, EncoderTarget } from './encoder.js';
import { Recorder } from './recorder.js';
import type { WebCodecsOptions } from './webcodecs-encoder.js';

/** `auto`: WebCodecs where the browser and the server can, else MediaRecorder. */
export type EncoderKind = 'auto' | 'webcodecs' | 'mediarecorder';

/** Loaded by itself: a page that only plays does without. */
const loadWebCodecs = () => import('./webcodecs-encoder.js');

let support: Promise<boolean> | undefined;

/** Whether this browser encodes H.264 and audio by WebCodecs. Asked once: the answer never changes. */
export function supportsWebCodecs(): Promise<boolean> {
  support ??= (async () => {
    const canBe = ['Worker', 'VideoEncoder', 'AudioEncoder', 'OffscreenCanvas'].every((n) => n in globalThis);
    if (!canBe) return false;
    const { canEncodeFrames } = await loadWebCodecs();
    return canEncodeFrames();
  })().catch(() => false);
  return support;
}

/** Loads and starts what a start to come needs, where that is WebCodecs. */
export async function prepareEncoder(): Promise<void> {
  if (await supportsWebCodecs()) (await loadWebCodecs()).prepareWorker();
}

/** The encoder that fits, and another one where that fails or the server does not take its format. */
export class AutoEncoder implements Encoder {
  readonly #stream: MediaStream;
  readonly #events: EncoderEvents;
  readonly #kind: EncoderKind;
  readonly #options: WebCodecsOptions;
  #encoder: Encoder | undefined;
  #isStopped = false;

  constructor(
    stream: MediaStream,
    events: EncoderEvents,
    kind: EncoderKind = 'auto',
    options: WebCodecsOptions = {},
  ) {
    this.#stream = stream;
    this.#events = events;
    this.#kind = kind;
    this.#options = options;
    // Throws at once where there is no other encoder, as the page can be told best.
    if (kind === 'mediarecorder') this.#encoder = this.#recorder();
  }

  get health(): EncoderHealth | undefined {
    return this.#encoder?.health;
  }

  /** @throws LivedropError UNSUPPORTED_BROWSER, NO_MEDIA_STREAM, MEDIA_ERROR */
  async start(): Promise<StreamFormat> {
    if (this.#kind === 'mediarecorder' || !(await this.#mayUseWebCodecs())) return this.#startRecorder();
    try {
      const { WebCodecsEncoder } = await loadWebCodecs();
      this.#checkStopped();
      const encoder = new WebCodecsEncoder(this.#stream, this.#own(), this.#options);
      this.#encoder = encoder;
      return await encoder.start();
    } catch (error) {
      if (this.#kind === 'webcodecs' || this.#isStopped) throw error;
      return this.#startRecorder();
    }
  }

  restart(): void {
    this.#encoder?.restart();
  }

  setTarget(target: EncoderTarget): void {
    this.#encoder?.setTarget?.(target);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#encoder?.stop();
  }

  refused(): Promise<StreamFormat> | undefined {
    if (this.#kind !== 'auto' || this.#isStopped || this.#encoder?.health?.kind !== 'webcodecs') {
      return undefined;
    }
    const refused = this.#encoder;
    this.#encoder = undefined;
    void refused.stop();
    return this.#startRecorder();
  }

  async #mayUseWebCodecs(): Promise<boolean> {
    if (await supportsWebCodecs()) return true;
    if (this.#kind === 'auto') return false;
    throw new LivedropError(
      'UNSUPPORTED_BROWSER',
      'This browser cannot encode H.264 and audio by WebCodecs: use encoder "auto".',
    );
  }

  /** What is asked of the browser takes its time, and what starts after a stop is never stopped. */
  #checkStopped(): void {
    if (this.#isStopped) throw new LivedropError('NOT_STREAMING', 'It was stopped before it began.');
  }

  async #startRecorder(): Promise<StreamFormat> {
    this.#checkStopped();
    this.#encoder = this.#recorder();
    return this.#encoder.start();
  }

  #recorder(): Recorder {
    return new Recorder(this.#stream, this.#own(), this.#options);
  }

  /** What an encoder says that was replaced is not heard. */
  #own(): EncoderEvents {
    const isOwn = (): boolean => events === this.#current;
    const events: EncoderEvents = {
      onData: (bytes) => isOwn() && this.#events.onData(bytes),
      onTrackConfig: (track) => isOwn() && this.#events.onTrackConfig?.(track),
      onError: (error) => isOwn() && this.#events.onError(error),
    };
    this.#current = events;
    return events;
  }

  #current: EncoderEvents | undefined;
}
