import { LivestreamError } from '../errors.js';
import { FragmentReader } from '../hls/fragment-reader.js';
import type { Limits, Logger } from '../options.js';
import type { Stream } from '../streams/stream.js';
import type { ContainerScanner } from './container.js';
import { ContainerDetector } from './container-detector.js';
import type { Ingest, IngestEvents } from './ingest.js';
import { checkResolution } from './resolution.js';
import type { Transcoder, TranscoderFactory } from './transcoder.js';

export interface ContainerIngestOptions {
  stream: Stream;
  transcoders: TranscoderFactory;
  limits: Limits;
  keyFrameInterval: number;
  logger: Logger;
}

/** How long a transcoder may take to write out what it holds when its input has ended, milliseconds. */
const FLUSH_TIME = 5000;

/** Between starts of a transcoder that keeps failing: 0.1 s doubled each time, at most 2 s. */
const FIRST_RESTART_DELAY = 100;
const LAST_RESTART_DELAY = 2000;

/** A publisher counts as sending while its last message is no older than this, milliseconds. */
const SENDING_TIME = 2000;

/**
 * A container's bytes through a transcoder. A transcoder that dies is started again from the last place in
 * the file where reading can start; one that takes bytes and gives nothing is ended first.
 */
export class ContainerIngest implements Ingest {
  #detector = new ContainerDetector();
  #scanner: ContainerScanner | undefined;
  #held: Uint8Array[] = [];
  #transcoder: Transcoder | undefined;
  #produced = false;
  #failures = 0;
  /** The scanner's count when this transcoder was started. */
  #boundariesAtStart = 0;
  #ending: (() => void) | undefined;
  #stopped = false;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #restart: ReturnType<typeof setTimeout> | undefined;
  #lastWrite = 0;
  /** The transcoder takes no more for now, so that the publisher cannot send. */
  #isBlocked = false;

  constructor(
    private readonly options: ContainerIngestOptions,
    private readonly events: IngestEvents,
  ) {}

  write(bytes: Uint8Array): boolean {
    if (this.#stopped) return true;
    this.#lastWrite = Date.now();
    this.#watch();
    if (this.#scanner) {
      this.#scanner.push(bytes);
      const room = this.#transcoder?.write(bytes) ?? true;
      this.#isBlocked = !room;
      return room;
    }
    this.#held.push(bytes);
    this.#scanner = this.#detector.push(bytes);
    if (!this.#scanner) return true;
    const held = this.#held;
    this.#held = [];
    return this.#start(held);
  }

  async drained(): Promise<void> {
    await this.#transcoder?.drained();
    this.#isBlocked = false;
  }

  async end(): Promise<void> {
    this.#clearTimers();
    // One that died is started once more, for what was received since.
    if (this.#scanner && !this.#transcoder && !this.#stopped) this.#start(this.#scanner.replay());
    const transcoder = this.#transcoder;
    if (!transcoder || this.#stopped) {
      this.kill();
      return;
    }
    const flushed = new Promise<void>((resolve) => (this.#ending = resolve));
    const timer = setTimeout(() => transcoder.kill(), FLUSH_TIME);
    transcoder.end();
    await flushed;
    clearTimeout(timer);
    this.#stopped = true;
  }

  kill(): void {
    this.#stopped = true;
    this.#clearTimers();
    this.#transcoder?.kill();
  }

  #start(input: readonly Uint8Array[]): boolean {
    const { stream, transcoders, keyFrameInterval, limits } = this.options;
    const { kind, codecs, boundaries } = this.#scanner!;
    this.#boundariesAtStart = boundaries;
    const reader = new FragmentReader({
      onTracks: (tracks) => {
        checkResolution(tracks, limits.maxPixels);
        stream.start(tracks);
      },
      onSample: (sample) => {
        stream.push(sample);
        this.#onProgress();
      },
    });
    const transcoder = transcoders.start(
      {
        streamId: stream.id,
        container: kind,
        video: codecs?.video === 'h264' ? 'copy' : 'encode',
        audio: codecs?.audio === 'aac' ? 'copy' : 'encode',
        keyFrameInterval,
      },
      {
        onOutput: (bytes) => {
          if (this.#transcoder !== transcoder || this.#stopped) return;
          try {
            reader.push(bytes);
          } catch (error) {
            if (error instanceof LivestreamError) {
              this.kill();
              this.events.onFailure(error);
              return;
            }
            this.options.logger.error(
              { streamId: stream.id, err: error },
              'the transcoder wrote what cannot be read',
            );
            transcoder.kill();
          }
        },
        onExit: (error) => this.#onExit(transcoder, error),
      },
    );
    this.#transcoder = transcoder;
    let room = true;
    for (const bytes of input) room = transcoder.write(bytes);
    return room;
  }

  #onProgress(): void {
    this.#produced = true;
    clearTimeout(this.#watchdog);
    this.#watchdog = undefined;
  }

  #onExit(transcoder: Transcoder, error: Error | undefined): void {
    if (this.#transcoder !== transcoder) return;
    this.#transcoder = undefined;
    if (this.#ending) this.#ending();
    if (this.#ending || this.#stopped) return;
    const { stream, limits, logger } = this.options;
    const reason = error?.message ?? 'it ended before its input';
    // Only what comes after the replayed bytes is progress.
    if (this.#advanced()) this.#failures = 0;
    logger.warn({ streamId: stream.id, err: error, failures: this.#failures }, 'the transcoder stopped');
    if (!this.#produced) {
      this.#fail(
        `nothing playable was found in this ${this.#scanner!.kind} file (${reason}); check that it is whole`,
      );
    } else if (this.#failures >= limits.maxTranscoderRestarts) {
      this.#fail(`the transcoder failed ${this.#failures + 1} times in a row (${reason})`);
    } else {
      const delay = this.#failures === 0 ? 0 : FIRST_RESTART_DELAY * 2 ** (this.#failures - 1);
      this.#failures++;
      this.#restart = setTimeout(
        () => this.#start(this.#scanner!.replay()),
        Math.min(delay, LAST_RESTART_DELAY),
      );
    }
  }

  /** Bytes went in: something must come out in time. */
  #watch(): void {
    this.#watchdog ??= setTimeout(() => {
      this.#watchdog = undefined;
      // A publisher that paused leaves its last frame in the transcoder; that is no fault.
      const paused = !this.#isBlocked && Date.now() - this.#lastWrite > SENDING_TIME;
      if (this.#produced && paused) return;
      // Where reading could not start anew meanwhile, a new transcoder would fail over the same bytes.
      if (this.#produced && this.#advanced()) this.#transcoder?.kill();
      else
        this.#fail(
          `no media came out of the bytes for ${this.options.limits.startTime} s; check that they are media`,
        );
    }, this.options.limits.startTime * 1000);
  }

  #advanced(): boolean {
    return (this.#scanner?.boundaries ?? 0) > this.#boundariesAtStart;
  }

  #fail(message: string): void {
    this.kill();
    this.events.onFailure(new LivestreamError('TRANSCODER_FAILED', message));
  }

  #clearTimers(): void {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#restart);
    this.#watchdog = undefined;
  }
}
