import type { SampleDrop } from '../hls/sample.js';
import type { Limits, Logger, PackagingOptions } from '../options.js';
import type { DerivedRendition } from '../streams/derived-rendition.js';
import { Rendition } from '../streams/rendition.js';
import { AacRun } from './aac-run.js';
import type { TranscoderFactory } from './transcoder.js';
import type { TranscoderFailure, TranscoderFault } from './transcoder-run.js';

export interface AacRenditionOptions {
  streamId: string;
  packaging: PackagingOptions;
  limits: Limits;
  transcoders: TranscoderFactory;
  logger: Logger;
  /** A transcoder failed, of which the source's stream keeps count. */
  onFault?(fault: TranscoderFault): void;
  /** A sample that was made was left out, of which it keeps count, too. */
  onDrop?(drop: SampleDrop): void;
  /** A monotonic clock, milliseconds. Default `performance.now`. */
  now?: () => number;
}

const NAME = 'aac';

/** Bits a second that AAC is thought to take before any was made. */
const AUDIO_BITRATE = 128_000;

/** Until a transcoder that failed is started again, milliseconds. */
const RESTART_DELAY = 500;

/** One that failed time after time is not tried again before, milliseconds: each player that asks would start another. */
const GIVE_UP_TIME = 10_000;

/**
 * The source's pictures with AAC for sound, for players that take no Opus in HLS: Safari's own, AirPlay. It is on the source's timeline,
 * with the same cuts and dates, a little later. The transcoder runs only while somebody asks for the playlist.
 */
export class AacRendition implements DerivedRendition {
  #rendition: Rendition;
  #run: AacRun | undefined;
  #wantedAt = 0;
  #failures = 0;
  /** When it was given up. */
  #failedAt = -Infinity;
  #restart: ReturnType<typeof setTimeout> | undefined;
  #ended = false;
  #suspended = false;
  /** The run that ends is followed by another. */
  #isFollowing = false;
  readonly #now: () => number;

  constructor(
    private readonly source: Rendition,
    private readonly options: AacRenditionOptions,
  ) {
    this.#now = options.now ?? (() => performance.now());
    this.#rendition = this.#create();
  }

  get rendition(): Rendition {
    return this.#rendition;
  }

  get isOffered(): boolean {
    return this.source.tracks.some(({ codec }) => codec === 'opus');
  }

  demand(): void {
    this.#wantedAt = this.#now();
    if (this.#run || this.#restart || this.#ended || !this.isOffered) return;
    if (this.#now() - this.#failedAt < GIVE_UP_TIME) return;
    // Players of an earlier one have its end, or a gap, behind them: it goes on under a name of its own.
    if (this.#rendition.window.ended) this.#rendition = this.#create();
    this.#start();
  }

  follow(): void {
    if (!this.#run) return;
    this.#isFollowing = this.isOffered;
    this.#run.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#isFollowing = false;
    clearTimeout(this.#restart);
    if (this.#run) this.#run.end();
    else this.#finish();
  }

  suspend(): void {
    this.#suspended = true;
    this.end();
  }

  #finish(): void {
    if (this.#suspended) this.#rendition.suspend();
    else this.#rendition.end();
  }

  get #isWanted(): boolean {
    return this.#now() - this.#wantedAt < this.options.limits.derivedIdleTime * 1000;
  }

  #create(): Rendition {
    const epoch = Date.now().toString(36);
    const { source } = this;
    return new Rendition(NAME, epoch, this.options.packaging, {
      source,
      expected: () => {
        const variant = source.describe();
        return {
          codecs: variant.codecs.map((codec) => (codec === 'opus' ? 'mp4a.40.2' : codec)),
          bandwidth: variant.bandwidth + AUDIO_BITRATE,
          averageBandwidth: variant.averageBandwidth + AUDIO_BITRATE,
        };
      },
    });
  }

  #start(): void {
    const { window } = this.source;
    const discontinuities = window.listed.filter(({ discontinuity }) => discontinuity).length;
    this.#rendition.window.partTarget = window.partTarget;
    this.#rendition.window.discontinuitySequence = window.discontinuitySequence + discontinuities;
    this.#run = this.#createRun(false);
    this.options.logger.info({ streamId: this.options.streamId }, 'an AAC rendition is made');
  }

  #createRun(fromNext: boolean): AacRun {
    const { streamId, transcoders, limits, packaging } = this.options;
    const { keyFrameInterval } = packaging;
    return new AacRun(
      this.source,
      this.#rendition,
      { streamId, transcoders, limits, keyFrameInterval },
      {
        isWanted: () => this.#isWanted,
        onProgress: () => (this.#failures = 0),
        onDrop: (drop) => this.options.onDrop?.(drop),
        onOver: (failure) => this.#onOver(failure),
      },
      fromNext,
    );
  }

  #onOver(failure: TranscoderFailure | undefined): void {
    const { limits, logger, streamId, onFault } = this.options;
    this.#run = undefined;
    if (failure) onFault?.(failure.fault);
    const fields = failure && {
      streamId,
      fault: failure.fault,
      failures: this.#failures,
      err: failure.cause,
    };
    if (this.#isFollowing) {
      this.#isFollowing = false;
      // From its beginning: nothing of it was taken before, and both renditions have their discontinuity at one picture.
      this.#run = this.#createRun(false);
    } else if (fields && !this.#ended && this.#failures++ < limits.maxTranscoderRestarts) {
      logger.warn(fields, `the transcoder of the AAC rendition failed: ${failure.reason}`);
      this.#restart = setTimeout(() => {
        this.#restart = undefined;
        if (this.isOffered && this.#isWanted) this.#run = this.#createRun(true);
        else this.#finish();
      }, RESTART_DELAY);
    } else {
      if (fields && !this.#ended) {
        this.#failedAt = this.#now();
        logger.error(fields, `the AAC rendition could not be made: ${failure.reason}`);
      }
      this.#finish();
    }
  }
}
