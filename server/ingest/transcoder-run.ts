import { FragmentReader, type FragmentHandler } from '../hls/fragment-reader.js';
import type { Limits } from '../options.js';
import { Countdown } from './countdown.js';
import { RateLimit } from './rate-limit.js';
import {
  TranscoderUnavailable,
  type Transcoder,
  type TranscoderFactory,
  type TranscoderInput,
} from './transcoder.js';

/** What goes wrong with a transcoder: it ends, takes input and gives nothing, gives what cannot be read, or gives without end. */
export type TranscoderFault = 'exit' | 'stall' | 'garbage' | 'flood';

/** Why a run is over before its input. */
export interface TranscoderFailure {
  fault: TranscoderFault;
  /** In words. */
  reason: string;
  /** The input may be the reason. */
  blamesInput: boolean;
  cause?: unknown;
}

type TranscoderLimits = Pick<Limits, 'transcoderStallTime' | 'transcoderFlushTime' | 'maxTranscoderBitrate'>;

export interface TranscoderRunOptions {
  input: TranscoderInput;
  limits: TranscoderLimits;
  /** Until its first sample, instead of `transcoderStallTime`, seconds. Default the same. */
  startTime?: number;
}

export interface TranscoderRunEvents extends FragmentHandler {
  /** It is gone and nothing follows; told once, unless it was killed. Without a failure after {@link TranscoderRun.end}. */
  onOver(failure?: TranscoderFailure): void;
}

/** One that was killed is given up so much later, milliseconds: the system may not be able to end it. */
const KILL_TIME = 1000;

/** Input counts as coming while the last of it is no older than this, milliseconds. */
const SENDING_TIME = 2000;

/** A transcoder that starts in the middle of a stream gives what it was given all at once. */
const BURST_SECONDS = 10;

/** One transcoder from its start to its end, and the watch over it: whatever it does, its owner is told of it once, and in time. */
export class TranscoderRun {
  readonly #transcoder: Transcoder;
  readonly #output: RateLimit;
  readonly #stall = new Countdown(() => this.#onStall());
  readonly #flush = new Countdown(() => this.#cutFlush());
  readonly #lastWait = new Countdown(() => this.#onExit(new TranscoderUnavailable('it cannot be ended')));
  #produced = false;
  #isBlocked = false;
  #isEnding = false;
  #isOver = false;
  #lastWrite = 0;

  constructor(
    factory: TranscoderFactory,
    private readonly options: TranscoderRunOptions,
    private readonly events: TranscoderRunEvents,
  ) {
    this.#output = new RateLimit(options.limits.maxTranscoderBitrate, BURST_SECONDS);
    const reader = new FragmentReader({
      onTracks: (tracks) => events.onTracks(tracks),
      onSample: (sample) => {
        events.onSample(sample);
        this.#onProgress();
      },
    });
    this.#transcoder = factory.start(options.input, {
      onOutput: (bytes) => this.#onOutput(reader, bytes),
      onExit: (error) => this.#onExit(error),
    });
  }

  /** Whether a sample came out. */
  get produced(): boolean {
    return this.#produced;
  }

  /** It is gone: at once where it could not be started. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** It takes no more for now, so that whoever writes must wait. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** See {@link Transcoder.write}. */
  write(bytes: Uint8Array): boolean {
    if (this.#isOver) return true;
    const now = performance.now();
    // After a pause it has all its time again: a publisher that was away left it nothing to do.
    if (now - this.#lastWrite > SENDING_TIME) this.#stall.stop();
    this.#lastWrite = now;
    this.#isBlocked = !this.#transcoder.write(bytes);
    this.#watch();
    return !this.#isBlocked;
  }

  /** See {@link Transcoder.drained}. */
  async drained(): Promise<void> {
    await this.#transcoder.drained();
    this.#isBlocked = false;
  }

  /** No more input: what it holds comes out, in a time that is bounded. */
  end(): void {
    if (this.#isEnding || this.#isOver) return;
    this.#isEnding = true;
    this.#stall.stop();
    this.#flush.start(this.options.limits.transcoderFlushTime * 1000);
    this.#transcoder.end();
  }

  /** Ends it at once, without a word. */
  kill(): void {
    if (this.#isOver) return;
    this.#close();
    this.#transcoder.kill();
  }

  #onOutput(reader: FragmentReader, bytes: Uint8Array): void {
    if (this.#isOver) return;
    const { maxTranscoderBitrate } = this.options.limits;
    if (!this.#output.take(bytes.length * 8)) {
      const reason = `it gave more than ${maxTranscoderBitrate} bits a second`;
      this.#fail({ fault: 'flood', reason, blamesInput: false });
      return;
    }
    try {
      reader.push(bytes);
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      this.#fail({
        fault: 'garbage',
        reason: `it gave what cannot be read: ${what}`,
        blamesInput: false,
        cause,
      });
    }
  }

  #onExit(error: Error | undefined): void {
    if (this.#isOver) return;
    const isDone = this.#isEnding && !error;
    this.#close();
    if (isDone) this.events.onOver();
    else
      this.events.onOver({
        fault: 'exit',
        reason: error?.message ?? 'it ended before its input',
        blamesInput: !(error instanceof TranscoderUnavailable),
        ...(error && { cause: error }),
      });
  }

  #cutFlush(): void {
    this.#transcoder.kill();
    this.#lastWait.start(KILL_TIME);
  }

  #onProgress(): void {
    this.#produced = true;
    this.#stall.stop();
    // While its input is full nothing more is written, which would begin the watch anew.
    if (this.#isBlocked && !this.#isOver) this.#watch();
  }

  /** Bytes went in: something must come out in time. */
  #watch(): void {
    if (this.#isEnding || this.#stall.isRunning) return;
    this.#stall.start(this.#patience * 1000);
  }

  /** Seconds. */
  get #patience(): number {
    const { limits, startTime = limits.transcoderStallTime } = this.options;
    return this.#produced ? limits.transcoderStallTime : startTime;
  }

  #onStall(): void {
    const isPaused = !this.#isBlocked && performance.now() - this.#lastWrite > SENDING_TIME;
    // A publisher that paused leaves its last frame in the transcoder; that is no fault.
    if (isPaused) return;
    const reason = `it gave nothing for ${this.#patience} s`;
    // One that takes its input and finds nothing in it is not the one to blame.
    this.#fail({ fault: 'stall', reason, blamesInput: !this.#isBlocked });
  }

  #fail(failure: TranscoderFailure): void {
    this.kill();
    this.events.onOver(failure);
  }

  #close(): void {
    this.#isOver = true;
    this.#stall.stop();
    this.#flush.stop();
    this.#lastWait.stop();
  }
}
