import { sameBytes } from './boxes.js';
import { CutPlan, type Cut } from './cut-plan.js';
import { FrameProbe } from './frame-probe.js';
import { writeInitSegment } from './init-segment.js';
import { writeFragment, type Run } from './media-segment.js';
import { choosePartTarget } from './part-target.js';
import { PRFT_SIZE } from './producer-reference-time.js';
import { primaryTrack, type Sample, type SampleDrop, type Track } from './sample.js';
import type { SegmenterTap } from './segmenter-tap.js';
import { TrackQueue } from './track-queue.js';
import type { Window } from './window.js';

export interface SegmenterOptions {
  /** Wanted part length, seconds. */
  partDuration: number;
  /** A segment ends at the first key frame from this length on, seconds. */
  segmentDuration: number;
}

/** A timeline that another segmenter made. */
export interface Timeline {
  /** Wall clock less timeline, milliseconds. */
  readonly clockOffset: number;
}

/** A part is closed at this size whatever its length: timestamps that stand still must not fill the memory. */
const MAX_PART_BYTES = 16 * 1024 * 1024;

/** Times that go back by less than this are brought into order; by more, the source's clock has jumped. Seconds. */
const DISORDER = 0.1;

/** Media as old as this by its date was not captured then, milliseconds. */
const STALE = 300_000;

/** How far another track may be ahead of the picture and of itself: more than any container's interleaving, seconds. */
const ASTRAY = 30;

/** The shortest part, where timestamps stand still, seconds. */
const LEAST_DURATION = 0.001;

/** Where a timeline goes on. */
export interface TimelinePosition {
  /** Where its media ends, seconds. */
  mediaTime: number;
  /** EXT-X-PROGRAM-DATE-TIME of the newest segment, milliseconds since the epoch. */
  programDate: number;
}

/**
 * Cuts samples into parts and segments and writes them into a window. Where to cut is told by the primary track (video
 * where there is any). A part is published when the other track reaches its end too: a player that finds a segment's end
 * not covered by all tracks asks for the segment again and again.
 *
 * Each call of {@link start} begins a new run of tracks: its timeline goes on where the last one's ended.
 */
export class Segmenter {
  #queues = new Map<number, TrackQueue>();
  #primary: TrackQueue | undefined;
  #plan: CutPlan | undefined;
  /** The first samples of the first run, while the frame rate is not known. */
  #probe = new FrameProbe();
  #init = -1;
  #initBytes: Uint8Array | undefined;
  #discontinuity = false;

  /** Added to the times of this run's samples, seconds. Set by its first primary key frame. */
  #offset: number | undefined;
  /** Where the next part begins, and the next run goes on, seconds. */
  #end = 0;
  #runStart = 0;
  /** Wall clock less timeline of this run, milliseconds. */
  #clockOffset = 0;
  /** When the first media of this run came, where that was before it is pushed; milliseconds since the epoch. */
  #receivedAt: number | undefined;
  /** Wall clock less source's clock of this run, milliseconds, where the source knows it. */
  #captureOffset: number | undefined;
  /** Of the newest segment. */
  #programDate = 0;
  /** Where the primary track's next sample should begin, on the source's clock, seconds. */
  #expected: number | undefined;
  #queuedBytes = 0;
  #sequence = 0;

  constructor(
    private readonly options: SegmenterOptions,
    private readonly window: Window,
    private readonly now: () => number = Date.now,
    private readonly tap?: SegmenterTap,
    /** Samples come with times of this timeline, and keep them: those of a rendition that is made from another. */
    private readonly timeline?: Timeline,
  ) {}

  /** Wall clock less timeline, milliseconds. */
  get clockOffset(): number {
    return this.#clockOffset;
  }

  /** Where one after this goes on. */
  get position(): TimelinePosition {
    return { mediaTime: this.#end, programDate: this.#programDate };
  }

  /** Goes on with another one's timeline, behind a discontinuity; before the first run. */
  continueFrom({ mediaTime, programDate }: TimelinePosition): void {
    this.#end = mediaTime;
    this.#programDate = programDate;
    this.#discontinuity = true;
  }

  /** Frames a second of the primary track, once it is known. */
  get frameRate(): number | undefined {
    return this.#plan?.frameRate;
  }

  /**
   * Begins a run of samples of these tracks.
   * @param receivedAt when the first of them came, milliseconds since the epoch, where they are late: those of several seconds may be
   *   pushed at once then. Default: when it is pushed
   * @throws TypeError when there is none
   */
  start(tracks: readonly Track[], receivedAt?: number): void {
    const primary = primaryTrack(tracks);
    if (!primary) throw new TypeError('a stream needs at least one track');
    this.#breakRun();
    this.#captureOffset = undefined;
    this.#receivedAt = receivedAt;
    this.#queues = new Map(tracks.map((track) => [track.id, new TrackQueue(track, track.id === primary.id)]));
    this.#primary = this.#queues.get(primary.id);
    const bytes = writeInitSegment(tracks);
    if (!this.#initBytes || !sameBytes(bytes, this.#initBytes)) {
      this.#initBytes = bytes;
      this.window.addInit(++this.#init, bytes);
    }
    this.tap?.onRun(tracks, this.#initBytes);
  }

  /** @returns why the sample was left out; undefined where it was taken */
  push(sample: Sample): SampleDrop | undefined {
    const queue = this.#queues.get(sample.track);
    if (!queue) return 'unknown-track';
    const { timescale } = queue.track;
    if (queue === this.#primary && this.#isJump(sample.dts / timescale)) this.#breakRun();
    if (queue === this.#primary && sample.key && this.#isStale(sample.dts / timescale)) {
      this.#captureOffset = undefined;
      this.#breakRun();
    }
    if (this.#offset === undefined) {
      if (queue !== this.#primary || !sample.key) return 'waiting-for-key';
      this.#anchor(sample.dts / timescale);
    }
    const dts = sample.dts + Math.round((this.#offset ?? 0) * timescale);
    // What belongs before the first key frame of the primary track has no picture to go with.
    if (dts < Math.round(this.#runStart * timescale)) return 'before-start';
    if (queue !== this.#primary && this.#isAstray(dts / timescale, queue)) return 'off-clock';
    const shifted = {
      ...sample,
      dts,
      duration: Math.min(sample.duration, Math.ceil(this.#longest * timescale)),
    };
    if (!queue.putInOrder(shifted)) return 'overlap';
    if (queue === this.#primary) this.#expected = (sample.dts + shifted.duration) / timescale;
    this.tap?.onSample(shifted, this.#clockOffset);
    if (this.#plan) this.#add(shifted, queue, this.#plan);
    else if (this.#probe.add(shifted, this.#primary!.track, this.options.partDuration)) this.#makePlan();
    return undefined;
  }

  /**
   * Tells when this run's media was captured. Programme dates follow it from the next segment on.
   * @param sourceTime a time of the run's samples, seconds
   * @param wallClock of that moment, milliseconds since the epoch
   */
  setCaptureClock(sourceTime: number, wallClock: number): void {
    this.#captureOffset = wallClock - sourceTime * 1000;
    if (this.#offset !== undefined) this.#clockOffset = this.#captureOffset - this.#offset * 1000;
  }

  /** Publishes what is held and ends the window. */
  end(): void {
    this.#finishRun();
    this.window.end();
    this.tap?.onEnd();
  }

  /** Publishes what is held; another segmenter goes on. */
  suspend(): void {
    this.#finishRun();
    this.window.suspend();
    this.tap?.onEnd();
  }

  /** The longest that a frame may be, and that nothing may come, within one run: a segment. */
  get #longest(): number {
    return this.window.options.targetDuration;
  }

  /** The source's clock went back, or so far ahead that no segment can hold it. */
  #isJump(time: number): boolean {
    if (this.#expected === undefined || this.#offset === undefined) return false;
    if (time > this.#expected + this.#longest) return true;
    const { last, track } = this.#primary!;
    return last !== undefined && time + this.#offset < last.dts / track.timescale - DISORDER;
  }

  /**
   * By its date the media is older than anything that a publisher keeps for a connection that broke: its clock stood still meanwhile, as
   * that of a laptop which slept.
   */
  #isStale(time: number): boolean {
    if (this.#offset === undefined || this.timeline) return false;
    return this.now() - (this.#clockOffset + (time + this.#offset) * 1000) > STALE;
  }

  /**
   * Another track runs so far ahead that it belongs to no picture: parts would be cut for all the time between. One that goes on by itself
   * while the picture stands still is as far ahead as it likes.
   */
  #isAstray(time: number, { reached }: TrackQueue): boolean {
    const expected = (this.#expected ?? 0) + (this.#offset ?? 0);
    return time > Math.max(expected, reached, this.#end) + ASTRAY;
  }

  /** Goes on behind a discontinuity, from the next key frame. */
  #breakRun(): void {
    this.#finishRun();
    for (const queue of this.#queues.values()) queue.restart();
    this.#plan = undefined;
    this.#offset = undefined;
    this.#discontinuity ||= this.window.last !== undefined;
  }

  #anchor(firstTime: number): void {
    this.#expected = undefined;
    if (this.timeline) {
      this.#end = Math.max(this.#end, firstTime);
      this.#offset = 0;
      this.#runStart = this.#end;
      this.#clockOffset = this.timeline.clockOffset;
      return;
    }
    this.#offset = this.#end - firstTime;
    this.#runStart = this.#end;
    this.#clockOffset = this.#clockOffsetOfRun(this.#offset);
    this.#receivedAt = undefined;
  }

  #clockOffsetOfRun(offset: number): number {
    if (this.#captureOffset !== undefined) return this.#captureOffset - offset * 1000;
    // The date must not go back where the last run's media came faster than it plays (RFC 8216bis §4.4.4.6), or comes again.
    const { last } = this.window;
    const earliest =
      this.#receivedAt === undefined
        ? this.#clockOffset + this.#end * 1000
        : this.#programDate + (last?.duration ?? 0) * 1000;
    return Math.max(earliest, this.#receivedAt ?? this.now()) - this.#end * 1000;
  }

  /** The frame rate is known. The part target stays what it was. */
  #makePlan(): void {
    const { partDuration, segmentDuration } = this.options;
    const durations = this.#probe.durations(this.#primary!.track);
    const { partTarget, ...frames } = choosePartTarget(durations, partDuration);
    const { targetDuration } = this.window.options;
    if (this.window.partTarget === 0) this.window.partTarget = Math.min(partTarget, targetDuration);
    this.#plan = new CutPlan(
      {
        ...{ partTarget: this.window.partTarget, segmentDuration, targetDuration, ...frames },
        isFirst: this.window.last === undefined,
      },
      this.#end,
    );
    for (const sample of this.#probe.take()) this.#add(sample, this.#queues.get(sample.track)!, this.#plan);
  }

  #add(sample: Sample, queue: TrackQueue, plan: CutPlan): void {
    const start = sample.dts / queue.track.timescale;
    const end = start + sample.duration / queue.track.timescale;
    if (queue === this.#primary) plan.addPrimary(start, end, sample.key);
    else plan.addOther(end);
    queue.add(sample, end);
    this.#queuedBytes += sample.data.length;
    this.#publishReady(plan);
    if (this.#queuedBytes > MAX_PART_BYTES) {
      plan.force(end);
      this.#publishAll(plan);
    }
  }

  #publishReady({ cuts }: CutPlan): void {
    while (cuts[0] && this.#isCovered(cuts[0])) this.#carryOut(cuts.shift()!);
  }

  /** All tracks reach a part's end, or the one that does not has been waited for. */
  #isCovered(cut: Cut): boolean {
    const queues = [...this.#queues.values()];
    return queues.some((queue) => queue.isAheadOf(cut)) || queues.every((queue) => queue.covers(cut));
  }

  #publishAll({ cuts }: CutPlan): void {
    for (let cut = cuts.shift(); cut; cut = cuts.shift()) {
      this.#carryOut(cut, cuts.length === 0);
    }
  }

  /** @param isFinal nothing stays for the next part */
  #carryOut(cut: Cut, isFinal = false): void {
    const isEmpty = cut.end - this.#end < LEAST_DURATION / 2;
    if (!isEmpty || isFinal) {
      const runs = this.#takeRuns(cut, isFinal);
      const hasMedia = runs.some(({ samples }) => samples.length > 0);
      if (!isEmpty || hasMedia) this.#publishPart(runs, Math.max(cut.end, this.#end + LEAST_DURATION));
    }
    if (cut.closesSegment) this.window.closeSegment();
  }

  #publishPart(runs: Run[], end: number): void {
    const first = runs.find((run) => run.track === this.#primary!.track.id)?.samples[0];
    const independent = first?.key ?? false;
    if (this.window.last?.complete !== false) {
      // One capture clock for all renditions.
      if (this.timeline) this.#clockOffset = this.timeline.clockOffset;
      // One that was corrected must not take the date back, either; behind a discontinuity it comes after what was before.
      const { last } = this.window;
      const passed = this.#discontinuity && last ? last.duration * 1000 : 0;
      this.#programDate = Math.max(this.#programDate + passed, this.#clockOffset + this.#end * 1000);
      this.window.openSegment({
        init: this.#init,
        discontinuity: this.#discontinuity,
        programDateTime: this.#programDate,
        independent,
      });
      this.#discontinuity = false;
    }
    const withRoom = writeFragment(++this.#sequence, runs, PRFT_SIZE);
    const bytes = withRoom.subarray(PRFT_SIZE);
    this.window.addPart({ duration: end - this.#end, independent, bytes });
    this.tap?.onPart({ runs, independent, withRoom }, this.#clockOffset);
    this.#end = end;
  }

  #takeRuns(cut: Cut, isFinal: boolean): Run[] {
    return Array.from(this.#queues.values(), (queue) => {
      const run = queue.take(cut, isFinal, this.#end);
      for (const sample of run.samples) this.#queuedBytes -= sample.data.length;
      return run;
    });
  }

  #finishRun(): void {
    if (!this.#primary || this.#offset === undefined) return;
    if (!this.#plan) this.#makePlan();
    const plan = this.#plan!;
    this.#publishReady(plan);
    plan.force(this.#endOfRun());
    this.#publishAll(plan);
    this.window.closeSegment();
  }

  /** Where the last sample of the run ends; what is left of another track alone gets the time that it takes. */
  #endOfRun(): number {
    const { isEmpty, reached } = this.#primary!;
    if (!isEmpty) return reached;
    return this.#end + Math.max(...Array.from(this.#queues.values(), ({ duration }) => duration));
  }
}
