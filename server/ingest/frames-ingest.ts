import { LivestreamError } from '../errors.js';
import { sameBytes } from '../hls/boxes.js';
import type { Track } from '../hls/sample.js';
import type { Limits, Logger } from '../options.js';
import type { TrackConfig } from '../protocol.js';
import type { Stream } from '../streams/stream.js';
import { Countdown } from './countdown.js';
import { FrameDrops, LEFT_OUT, UnusableFrame, type DropReason } from './frame-drops.js';
import { FrameLane, type ReadFrame } from './frame-lane.js';
import { isBefore, readFrame, saysKey } from './frame-reader.js';
import { createChunkReader, type FrameTrack } from './frame-track.js';
import type { Ingest, IngestEvents } from './ingest.js';
import { checkResolution } from './resolution.js';

export interface FramesIngestOptions {
  stream: Stream;
  tracks: readonly FrameTrack[];
  limits: Pick<Limits, 'startTime' | 'maxFrameGap' | 'maxClockSkew' | 'maxPixels'>;
  logger: Logger;
}

/** Sound is kept until the picture that it goes with is there, frames. */
const MAX_WAITING = 250;

/** A publisher counts as sending while its last message is no older than this, milliseconds. */
const SENDING_TIME = 2000;

/**
 * A capture clock that moved by more against the timestamps is another clock, milliseconds. By less a publisher may be mistaken: it
 * measures the server's clock over a network that, while it is bad, holds answers back for many seconds.
 */
const CLOCK_LEAP = 30_000;

/** What was lost with a frame that these are the reasons for may be what the next frames refer to. */
const BREAKS_PREDICTION = new Set<DropReason>([
  'reserved-bits',
  'timestamp-range',
  'broken-chunk',
  'no-parameter-sets',
]);

interface CaptureClock {
  /** Microseconds. */
  timestamp: number;
  /** When that was captured, milliseconds since the epoch. */
  time: number;
}

/**
 * Frames that an encoder made, as samples of the stream, without a transcoder. What cannot be used is left out and counted;
 * video goes on with the next key frame then. Every configuration, and every clock, is a run of its own in the stream.
 */
export class FramesIngest implements Ingest {
  readonly drops: FrameDrops;
  #lanes: FrameLane[];
  /** Video where there is any: its key frames are where runs begin. */
  #primary: FrameLane;
  /** The tracks of the stream's run; undefined: it begins at the next key frame. */
  #run: Track[] | undefined;
  /** Video of which a frame is missing is of no use before the next key frame. */
  #needsKey = true;
  /** The capture clock is another one: a run begins with the next key frame, for the dates to follow it. */
  #needsDate = false;
  /** Sound that came before its picture. */
  #waiting: ReadFrame[] = [];
  #captureClock: CaptureClock | undefined;
  #produced = false;
  #stopped = false;
  #lastWrite = 0;
  readonly #watchdog = new Countdown(() => this.#onUseless());

  constructor(
    private readonly options: FramesIngestOptions,
    private readonly events: IngestEvents,
  ) {
    const { tracks, limits, stream, logger } = options;
    this.#lanes = tracks.map((track) => new FrameLane(track, limits.maxFrameGap));
    this.#primary = this.#lanes.find(({ kind }) => kind === 'video') ?? this.#lanes[0]!;
    this.drops = new FrameDrops(stream, logger, (message) =>
      this.events.onNotice?.(new LivestreamError('BAD_MESSAGE', message)),
    );
  }

  /** @throws LivestreamError UNSUPPORTED_FORMAT when what the frames say of themselves cannot be played */
  write(bytes: Uint8Array): boolean {
    if (this.#stopped) return true;
    this.#lastWrite = performance.now();
    if (!this.#produced) this.#watch();
    let lane: FrameLane | undefined;
    try {
      lane = this.#laneOf(bytes);
      const frame = readFrame(bytes);
      if (!lane) {
        throw new UnusableFrame('unknown-track', `track ${frame.track} was not named in start-stream`);
      }
      if (lane.refused) {
        throw new UnusableFrame('refused-track', `the configuration of track ${frame.track} was refused`);
      }
      const read = { ...lane.reader.read(frame.chunk), frame };
      if (lane.reader.isUnproven) lane.unproven.push(read);
      else {
        this.#admitProven(lane);
        this.#admit(lane, read);
      }
    } catch (error) {
      if (!(error instanceof UnusableFrame)) throw error;
      if (lane?.reader.isUnproven && error.reason === 'broken-chunk') this.#dropUnproven(lane);
      this.#drop(error, lane);
    }
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  end(): Promise<void> {
    for (const lane of this.#lanes) {
      this.#admitProven(lane);
      this.#releaseSuspect(lane);
    }
    for (const read of this.#waiting.splice(0)) this.#giveUp(read);
    this.kill();
    return Promise.resolve();
  }

  kill(): void {
    this.#stopped = true;
    this.#abandon();
    this.#watchdog.stop();
  }

  configureTrack(config: TrackConfig): void {
    const index = this.#lanes.findIndex((lane) => lane.config.id === config.id);
    const lane = this.#lanes[index];
    if (!lane || lane.kind !== config.kind) {
      throw new LivestreamError(
        'BAD_MESSAGE',
        `there is no ${config.kind} track ${config.id}; start-stream named ${this.#names()}`,
      );
    }
    if (!lane.refused && sameConfig(lane.config, config)) return;
    this.#admitProven(lane);
    this.#releaseSuspect(lane);
    try {
      const reader = createChunkReader(config, index + 1);
      const isSame = reader.track && lane.sampleTrack && sameTrack(reader.track, lane.sampleTrack);
      lane.config = config;
      lane.refused = false;
      lane.reader = reader;
      if (isSame) return;
      // Its samples may have another length.
      if (lane.kind === 'audio') lane.restart();
    } catch (error) {
      lane.refused = true;
      this.#needsKey ||= lane === this.#primary;
      throw error;
    }
    if (lane === this.#primary) this.#needsKey = true;
    else {
      for (const _ of this.#waiting.splice(0)) {
        this.drops.add(
          'old-configuration',
          'sound waited for its picture when its track was configured anew',
        );
      }
    }
  }

  canBegin(bytes: Uint8Array): boolean {
    const { kind, config } = this.#primary;
    return bytes[0] === config.id && (kind === 'audio' || saysKey(bytes));
  }

  takeLate(first: Uint8Array, bytes?: Uint8Array): boolean {
    if (this.#lanes.length === 1) return false;
    const lane = bytes && this.#laneOf(bytes);
    // Pictures come in their order: none that comes now belongs before that one.
    if (!lane || lane === this.#primary) return true;
    if (!isBefore(bytes, first)) return false;
    this.write(bytes);
    return true;
  }

  setCaptureClock(timestamp: number, time: number): void {
    const clock = { timestamp, time };
    const refusal = this.#refusalOf(clock, this.#primary.expected ?? timestamp);
    if (refusal) throw refusal;
    const before = this.#captureClock;
    this.#captureClock = clock;
    const moved = before ? time - before.time - (timestamp - before.timestamp) / 1000 : 0;
    // The publisher slept, or its clock was set: within a run of media dates go on as the media does.
    if (this.#run && Math.abs(moved) > CLOCK_LEAP) this.#needsDate = true;
    else if (this.#run && !this.#needsDate) this.options.stream.setCaptureClock(timestamp / 1e6, time);
  }

  /** @param newest timestamp of a frame that has just come */
  #refusalOf({ timestamp, time }: CaptureClock, newest: number): LivestreamError | undefined {
    const { maxClockSkew } = this.options.limits;
    const skew = (time + (newest - timestamp) / 1000 - this.options.stream.clock.now()) / 1000;
    if (Math.abs(skew) <= maxClockSkew) return undefined;
    return new LivestreamError(
      'BAD_MESSAGE',
      `by this capture-clock the newest frame is ${Math.round(skew)} s from now; the most is ${maxClockSkew} s: ` +
        'send time by the clock of this server',
      { limit: 'maxClockSkew' },
    );
  }

  #names(): string {
    return this.#lanes.map(({ kind, config }) => `${kind} ${config.id}`).join(' and ');
  }

  #laneOf(bytes: Uint8Array): FrameLane | undefined {
    return this.#lanes.find(({ config }) => config.id === bytes[0]);
  }

  /** One after them is not what its track says: nor are they. */
  #dropUnproven(lane: FrameLane): void {
    for (const _ of lane.unproven.splice(0)) this.drops.count('broken-chunk');
  }

  #admitProven(lane: FrameLane): void {
    if (lane.unproven.length === 0) return;
    for (const read of lane.unproven.splice(0)) this.#admit(lane, read);
  }

  /** Lets a frame in whose timestamp is believable, and the one before that waited for it. */
  #admit(lane: FrameLane, read: ReadFrame): void {
    if (lane !== this.#primary && !this.#goesWithPicture(lane, read)) {
      this.#wait(read);
      return;
    }
    const verdict = lane.judge(read.frame.timestamp);
    if (verdict === 'suspect') {
      this.#releaseSuspect(lane);
      lane.suspect = read;
      return;
    }
    if (verdict === 'fits') this.#releaseSuspect(lane);
    else this.#onJump(lane);
    this.#publish(lane, read);
  }

  /** Sound needs a run to be in, of its configuration, and a time near that of the picture. */
  #goesWithPicture(lane: FrameLane, { frame }: ReadFrame): boolean {
    const reference = this.#primary.expected;
    if (!this.#run || reference === undefined || this.#hasNewConfig(lane)) return false;
    const isNear = Math.abs(frame.timestamp - reference) <= this.options.limits.maxFrameGap * 1e6;
    // A camera that has stopped must not take the sound with it.
    return isNear || (lane.expected !== undefined && Math.abs(frame.timestamp - lane.expected) < 1e6);
  }

  #hasNewConfig(lane: FrameLane): boolean {
    const { sampleTrack } = lane;
    const current = this.#run?.find(({ id }) => id === sampleTrack?.id);
    return !sampleTrack || !current || !sameTrack(sampleTrack, current);
  }

  /** Keeps sound for the picture that it goes with. */
  #wait(read: ReadFrame): void {
    this.#waiting.push(read);
    if (this.#waiting.length > MAX_WAITING) this.#giveUp(this.#waiting.shift()!);
  }

  #giveUp({ frame }: ReadFrame): void {
    if (this.#run) {
      const message = `sound at ${frame.timestamp} µs goes with no picture; give both timestamps of one clock`;
      this.drops.add('off-clock', message);
    } else this.drops.add('waiting-for-key', 'sound waits for the first key frame of the picture');
  }

  /** What waited for what will not come is lost with the rest. */
  #abandon(): void {
    for (const lane of this.#lanes) {
      if (lane.suspect) this.drops.count('off-clock');
      lane.suspect = undefined;
      this.#waiting.push(...lane.unproven.splice(0));
    }
    for (const _ of this.#waiting.splice(0)) this.drops.count(this.#run ? 'off-clock' : 'waiting-for-key');
  }

  /** Its timestamp was wrong after all, but not the frame: it goes where it should have been. */
  #releaseSuspect(lane: FrameLane): void {
    const { suspect, expected } = lane;
    lane.suspect = undefined;
    if (!suspect || expected === undefined) return;
    const { timestamp } = suspect.frame;
    this.drops.add('retimed', `timestamp ${timestamp} µs where ${Math.round(expected)} was to come`);
    this.#publish(lane, { ...suspect, frame: { ...suspect.frame, timestamp: expected } });
  }

  /** Two frames agree that the track is somewhere else. */
  #onJump(lane: FrameLane): void {
    const { suspect, expected } = lane;
    lane.suspect = undefined;
    if (!suspect || expected === undefined) return;
    const ahead = suspect.frame.timestamp - expected;
    const isGap = lane.kind === 'audio' && ahead > 0 && ahead <= this.options.limits.maxFrameGap * 1e6;
    if (lane === this.#primary && !isGap) {
      this.#run = undefined;
      this.#captureClock = undefined;
      this.#needsKey = true;
      lane.restart();
    }
    this.#publish(lane, suspect);
  }

  #publish(lane: FrameLane, read: ReadFrame): void {
    try {
      this.#push(lane, read);
    } catch (error) {
      if (!(error instanceof UnusableFrame)) throw error;
      this.#drop(error, lane);
    }
  }

  /** @throws UnusableFrame */
  #push(lane: FrameLane, read: ReadFrame): void {
    const { frame, key } = read;
    const isPrimary = lane === this.#primary;
    let isFirst = false;
    if (isPrimary) {
      if (this.#needsKey && !key) {
        throw new UnusableFrame('waiting-for-key', 'video goes on with the next key frame');
      }
      if (lane.kind === 'video' && key !== frame.key) {
        this.drops.add(
          'wrong-key-flag',
          `a frame says ${frame.key ? '' : 'no '}key frame and is ${key ? 'one' : 'none'}`,
        );
      }
      this.#needsKey = false;
      isFirst = key && (this.#needsDate || this.#lanes.some((each) => this.#hasNewConfig(each)));
      if (isFirst) this.#beginRun(frame.timestamp);
    }
    const placed = lane.place(read);
    if (!placed) {
      if (isPrimary) throw new UnusableFrame('overlap', `there is sound of ${frame.timestamp} µs already`);
      // Perhaps the picture's clock is about to go back, too.
      this.#wait(read);
      return;
    }
    if (placed.retimed) {
      this.drops.add(
        'retimed',
        `timestamp ${frame.timestamp} µs is not after the one before; send pictures in their order, without B-frames`,
      );
    }
    const drop = this.options.stream.push(placed.sample);
    // Not what fails a stream: its frames are good, and the next key frame is on its way.
    if (drop) this.drops.add(drop, LEFT_OUT[drop]);
    if (isPrimary) this.#onProgress();
    if (isPrimary && this.#waiting.length > 0) this.#releaseWaiting(frame.timestamp, isFirst);
  }

  /**
   * @param timestamp of its first picture
   * @throws LivestreamError TOO_LARGE
   */
  #beginRun(timestamp: number): void {
    const { stream, limits } = this.options;
    this.#needsDate = false;
    // What was said before there was a frame could not be compared with one.
    const refusal = this.#captureClock && this.#refusalOf(this.#captureClock, timestamp);
    if (refusal) {
      this.#captureClock = undefined;
      this.events.onNotice?.(refusal);
    }
    this.#run = this.#lanes.map((lane) => lane.sampleTrack!);
    checkResolution(this.#run, limits.maxPixels);
    stream.start(this.#run);
    if (this.#captureClock) {
      stream.setCaptureClock(this.#captureClock.timestamp / 1e6, this.#captureClock.time);
    }
    for (const lane of this.#lanes) {
      if (lane === this.#primary) continue;
      if (lane.suspect) this.#waiting.push(lane.suspect);
      lane.restart();
    }
  }

  /**
   * Lets in the sound that waited for this picture.
   * @param from microseconds: no picture goes with earlier sound
   * @param isFirst the picture is the first of its run
   */
  #releaseWaiting(from: number, isFirst: boolean): void {
    const waiting = this.#waiting;
    const lane = this.#lanes.find((each) => each !== this.#primary)!;
    this.#waiting = [];
    for (const read of waiting) {
      if (read.frame.timestamp >= from) this.#admit(lane, read);
      else if (!isFirst) this.#wait(read);
      else this.drops.add('before-start', LEFT_OUT['before-start']);
    }
  }

  #drop({ reason, message }: UnusableFrame, lane: FrameLane | undefined): void {
    this.drops.add(reason, message);
    if (lane !== this.#primary) return;
    if (lane.kind === 'video' && BREAKS_PREDICTION.has(reason)) this.#needsKey = true;
    this.#watch();
  }

  #onProgress(): void {
    this.#produced = true;
    this.#watchdog.stop();
  }

  /** Frames come in: some must be of use in time. */
  #watch(): void {
    if (!this.#watchdog.isRunning) this.#watchdog.start(this.options.limits.startTime * 1000);
  }

  #onUseless(): void {
    if (this.#produced && performance.now() - this.#lastWrite > SENDING_TIME) return;
    const reasons = this.drops.summary() || 'none came';
    this.kill();
    const message = `no frame of ${this.#primary.kind} could be published for ${this.options.limits.startTime} s (${reasons})`;
    this.events.onFailure(new LivestreamError('BAD_MESSAGE', message, { limit: 'startTime' }));
  }
}

function sameConfig(a: TrackConfig, b: TrackConfig): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof TrackConfig>;
  return [...keys].every((key) => a[key] === b[key]);
}

function sameTrack(a: Track, b: Track): boolean {
  if (a === b) return true;
  return a.timescale === b.timescale && sameBytes(a.sampleEntry, b.sampleEntry);
}
