import { LivestreamError, type Refusal } from '../errors.js';
import { concat } from '../hls/boxes.js';
import { primaryTrack, type Sample, type SampleDrop, type Track } from '../hls/sample.js';
import type { Limits, Logger } from '../options.js';
import type { Stream } from '../streams/stream.js';
import type { ContainerScanner } from './container.js';
import { ContainerDetector } from './container-detector.js';
import { Countdown } from './countdown.js';
import { FrameDrops, LEFT_OUT } from './frame-drops.js';
import type { FilePlace, Ingest, IngestEvents } from './ingest.js';
import { MessageMap } from './message-map.js';
import { checkResolution } from './resolution.js';
import type { TranscoderFactory } from './transcoder.js';
import { TranscoderRun, type TranscoderFailure } from './transcoder-run.js';

export interface ContainerIngestOptions {
  stream: Stream;
  transcoders: TranscoderFactory;
  limits: Limits;
  keyFrameInterval: number;
  logger: Logger;
  /** Where another process left off: the first message is the one with the place. Default: the beginning of a file. */
  from?: Pick<FilePlace, 'header' | 'offset'> | undefined;
}

/** Between starts of a transcoder that keeps failing: 0.1 s doubled each time, at most 2 s. */
const FIRST_RESTART_DELAY = 100;
const LAST_RESTART_DELAY = 2000;

/** One that works for a moment each time must not be started all the time: one a second (in milliseconds), and so many at once. */
const START_INTERVAL = 1000;
const FREE_STARTS = 3;

/** Sound that lies before a run's first picture goes with none. It is no fault: an encoder of AAC begins so by itself. */
const BEFORE_PICTURE = new Set<SampleDrop>(['waiting-for-key', 'before-start']);

/**
 * A container's bytes through a transcoder. One that fails, in whatever way, is started again from the last place in the file
 * where reading can start.
 */
export class ContainerIngest implements Ingest {
  readonly #detector: ContainerDetector;
  readonly #drops: FrameDrops;
  #scanner: ContainerScanner | undefined;
  #held: Uint8Array[] = [];
  #isFirst = true;
  #run: TranscoderRun | undefined;
  /** Of what comes out: it says how far the transcoder is. */
  #primary: Track | undefined;
  /** What this transcoder was given first came before, or all at once. */
  #isLate = false;
  readonly #messages: MessageMap;
  /** Media came out once. */
  #produced = false;
  /** In a row. */
  #failures = 0;
  /** The scanner's count when this transcoder was started. */
  #boundariesAtStart = 0;
  #ending: (() => void) | undefined;
  #stopped = false;
  readonly #start = new Countdown(() => this.#failMute());
  #restart: ReturnType<typeof setTimeout> | undefined;
  /** When, at one a second, as many starts as there were are due, milliseconds. */
  #startsDue = -Infinity;

  constructor(
    private readonly options: ContainerIngestOptions,
    private readonly events: IngestEvents,
  ) {
    this.#detector = new ContainerDetector(options.limits.maxReplayBytes);
    this.#drops = new FrameDrops(options.stream, options.logger);
    const { header, offset } = options.from ?? { header: [], offset: 0 };
    this.#messages = new MessageMap(header.length - offset);
  }

  write(message: Uint8Array): boolean {
    if (this.#stopped) return true;
    const bytes = this.#isFirst ? this.#fromPlace(message) : message;
    this.#isFirst = false;
    this.#messages.add(message.length);
    const room = this.#read(bytes);
    // Messages before it are forgotten.
    this.#place(false);
    return room;
  }

  place(isFinal: boolean): FilePlace | undefined {
    const place = this.#place(isFinal);
    return place && { header: this.#scanner!.replay.header(), ...place };
  }

  #place(isFinal: boolean): ReturnType<MessageMap['locate']> {
    const position = this.#scanner?.replay.place(isFinal);
    return position === undefined ? undefined : this.#messages.locate(position);
  }

  /** @throws LivestreamError BAD_MESSAGE where it cannot be the message with the place */
  #fromPlace(message: Uint8Array): Uint8Array {
    const { from } = this.options;
    if (!from) return message;
    if (from.offset <= message.length) return concat([from.header, message.subarray(from.offset)]);
    throw new LivestreamError(
      'BAD_MESSAGE',
      `a message of ${message.length} bytes is not the one that was sent before, of more than ${from.offset}; start afresh, without resume.kept`,
    );
  }

  #read(bytes: Uint8Array): boolean {
    if (!this.#produced && !this.#start.isRunning) this.#start.start(this.options.limits.startTime * 1000);
    if (this.#scanner) {
      this.#scanner.push(bytes);
      return this.#run?.write(bytes) ?? true;
    }
    this.#held.push(bytes);
    this.#scanner = this.#detector.push(bytes);
    if (!this.#scanner) return true;
    const held = this.#held;
    this.#held = [];
    return this.#begin(held, this.options.from !== undefined);
  }

  async drained(): Promise<void> {
    await this.#run?.drained();
  }

  async end(): Promise<void> {
    this.#clearTimers();
    // One that died is started once more, for what was received since.
    if (this.#scanner && !this.#run && !this.#stopped) this.#beginAgain(this.#scanner);
    const run = this.#run;
    if (!run || this.#stopped) {
      this.kill();
      return;
    }
    const flushed = new Promise<void>((resolve) => (this.#ending = resolve));
    run.end();
    await flushed;
    this.#stopped = true;
  }

  kill(): void {
    this.#stopped = true;
    this.#clearTimers();
    this.#run?.kill();
    this.#ending?.();
  }

  /** When came what this transcoder gives first, by the stream's clock; undefined: now. */
  get #receivedAt(): number | undefined {
    const receivedAt = this.#isLate ? this.#scanner!.replay.receivedAt : undefined;
    if (receivedAt === undefined) return undefined;
    return this.options.stream.clock.now() - (performance.now() - receivedAt);
  }

  /** What the publisher is to blame for is no fault of the transcoder that it came out of. */
  #orFail(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof LivestreamError)) throw error;
      this.kill();
      this.events.onFailure(error);
    }
  }

  #onTracks(tracks: readonly Track[]): void {
    checkResolution(tracks, this.options.limits.maxPixels);
    this.options.stream.start(tracks, this.#receivedAt);
    this.#primary = primaryTrack(tracks);
  }

  /** Another transcoder goes on where it is not known to have all from the one before. */
  #beginAgain(scanner: ContainerScanner): void {
    const { bytes, lostBytes } = scanner.replay.replay();
    if (lostBytes > 0) this.#tellLoss(lostBytes);
    this.#begin([...bytes, scanner.partial], true);
  }

  /** @param isLate see {@link #isLate} */
  #begin(input: readonly Uint8Array[], isLate: boolean): boolean {
    const { stream, transcoders, keyFrameInterval, limits } = this.options;
    const { kind, codecs, replay } = this.#scanner!;
    this.#boundariesAtStart = replay.boundaries;
    this.#isLate = isLate;
    const run = new TranscoderRun(
      transcoders,
      {
        input: {
          streamId: stream.id,
          container: kind,
          video: codecs?.video === 'h264' ? 'copy' : 'encode',
          audio: codecs?.audio === 'aac' ? 'copy' : 'encode',
          keyFrameInterval,
        },
        limits,
        // The first is watched from the stream's first bytes on.
        ...(this.#produced ? {} : { startTime: Math.max(limits.startTime, limits.transcoderStallTime) }),
      },
      {
        onTracks: (tracks) => this.#orFail(() => this.#onTracks(tracks)),
        onSample: (sample) => this.#orFail(() => this.#onSample(sample)),
        onOver: (failure) => this.#onOver(failure),
      },
    );
    // What becomes of it was told already.
    if (run.isOver) return true;
    this.#run = run;
    let room = true;
    for (const bytes of input) room = run.write(bytes);
    return room;
  }

  #onSample(sample: Sample): void {
    const isPrimary = sample.track === this.#primary?.id;
    if (isPrimary) this.#scanner!.replay.cameOut(sample.dts / this.#primary!.timescale, sample.key);
    const drop = this.options.stream.push(sample);
    const isOrdinary = !isPrimary && drop && BEFORE_PICTURE.has(drop);
    if (drop && !isOrdinary) this.#drops.add(drop, LEFT_OUT[drop]);
    this.#onProgress();
  }

  #onProgress(): void {
    this.#produced = true;
    this.#start.stop();
    this.options.stream.setInterrupted(false);
  }

  #onOver(failure: TranscoderFailure | undefined): void {
    const run = this.#run;
    this.#run = undefined;
    if (failure) this.#tell(failure);
    if (this.#ending && failure) {
      const message = `the transcoder failed at the end (${failure.reason}): the last moments may be missing`;
      this.events.onNotice?.(new LivestreamError('TRANSCODER_FAILED', message));
    }
    this.#ending?.();
    if (this.#ending || this.#stopped || !failure) return;
    const { stream, limits } = this.options;
    const { fault, reason, blamesInput } = failure;
    const hasAdvanced = this.#scanner!.replay.boundaries > this.#boundariesAtStart;
    if (!this.#produced && blamesInput) {
      this.#fail(
        `nothing playable was found in this ${this.#scanner!.kind} file (${reason}); check that it is whole`,
      );
      return;
    }
    // Where reading could not start anew meanwhile, a new transcoder would find as little in the same bytes.
    if (fault === 'stall' && blamesInput && !hasAdvanced) {
      this.#failMute(limits.transcoderStallTime);
      return;
    }
    // What comes of the bytes that were given before is no progress, and nothing is what was no media.
    const wasOfUse = (run?.produced ?? false) && hasAdvanced && fault !== 'garbage' && fault !== 'flood';
    if (wasOfUse) this.#failures = 0;
    if (this.#failures >= limits.maxTranscoderRestarts) {
      this.#fail(`the transcoder failed ${this.#failures + 1} times in a row (${reason})`);
      return;
    }
    const delay = this.#restartDelay();
    this.#failures++;
    stream.setInterrupted(true);
    this.events.onNotice?.(
      new LivestreamError(
        'TRANSCODER_FAILED',
        `the transcoder failed (${reason}) and is started again, ${this.#failures} of ${limits.maxTranscoderRestarts} times in a row`,
      ),
    );
    this.#restart = setTimeout(() => this.#beginAgain(this.#scanner!), delay);
  }

  /** Milliseconds. */
  #restartDelay(): number {
    const backoff = this.#failures === 0 ? 0 : FIRST_RESTART_DELAY * 2 ** (this.#failures - 1);
    const now = performance.now();
    this.#startsDue = Math.max(this.#startsDue, now) + START_INTERVAL;
    const wait = this.#startsDue - now - FREE_STARTS * START_INTERVAL;
    return Math.min(Math.max(backoff, wait, 0), LAST_RESTART_DELAY);
  }

  #tell({ fault, reason, cause }: TranscoderFailure): void {
    const { stream, logger } = this.options;
    stream.countTranscoderFault(fault);
    logger.warn(
      { streamId: stream.id, fault, failures: this.#failures, ...(cause ? { err: cause } : {}) },
      `the transcoder failed: ${reason}`,
    );
  }

  /** What did not come out of a transcoder that failed was more than is kept. */
  #tellLoss(bytes: number): void {
    const { stream, logger, limits } = this.options;
    const message = `of what the transcoder did not give ${bytes} bytes are lost: ${limits.maxReplayBytes} are kept`;
    stream.countTranscoderFault('lost-input');
    logger.warn({ streamId: stream.id, bytes }, message);
    this.events.onNotice?.(new LivestreamError('TRANSCODER_FAILED', message, { limit: 'maxReplayBytes' }));
  }

  #failMute(time = this.options.limits.startTime): void {
    this.#fail(`no media came out of the bytes for ${time} s; check that they are media`, {
      limit: time === this.options.limits.startTime ? 'startTime' : 'transcoderStallTime',
    });
  }

  #fail(message: string, refusal?: Refusal): void {
    this.kill();
    this.events.onFailure(new LivestreamError('TRANSCODER_FAILED', message, refusal));
  }

  #clearTimers(): void {
    this.#start.stop();
    clearTimeout(this.#restart);
  }
}
