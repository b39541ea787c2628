import { CutPlan, type Cut } from './cut-plan.js';
import { writeInitSegment } from './init-segment.js';
import { writeFragment, type Run } from './media-segment.js';
import { choosePartTarget } from './part-target.js';
import { PRFT_SIZE } from './producer-reference-time.js';
import { primaryTrack, type Sample, type Track } from './sample.js';
import type { SegmenterTap } from './segmenter-tap.js';
import type { Window } from './window.js';

export interface SegmenterOptions {
  /** Wanted part length, seconds. */
  partDuration: number;
  /** A segment ends at the first key frame from this length on, seconds. */
  segmentDuration: number;
}

/** So many frames, or so long, are looked at to learn the frame rate before the first part is cut. */
const PROBE_FRAMES = 6;
const PROBE_TIME = 0.4;
const PROBE_SAMPLES = 1000;

/** A part is closed at this size whatever its length: timestamps that stand still must not fill the memory. */
const MAX_PART_BYTES = 16 * 1024 * 1024;

/** How far one track may be ahead while a part waits for the other to reach its end, seconds. */
const OTHER_TRACK_WAIT = 0.25;

interface Queue {
  track: Track;
  samples: Sample[];
  /** Where its last sample ended, seconds. */
  reached: number;
}

/**
 * Cuts samples into parts and segments and writes them into a window. Where to cut is told by the primary track (video
 * where there is any). A part is published when the other track reaches its end too: a player that finds a segment's end
 * not covered by all tracks asks for the segment again and again.
 *
 * Each call of {@link start} begins a new run of tracks: its timeline goes on where the last one's ended.
 */
export class Segmenter {
  #queues = new Map<number, Queue>();
  #primary: Queue | undefined;
  #plan: CutPlan | undefined;
  /** The first samples of the first run, while the frame rate is not known. */
  #probe: Sample[] = [];
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
  /** Where the primary track's next sample should begin, on the source's clock, seconds. */
  #expected: number | undefined;
  #queuedBytes = 0;
  #sequence = 0;

  constructor(
    private readonly options: SegmenterOptions,
    private readonly window: Window,
    private readonly now: () => number = Date.now,
    private readonly tap?: SegmenterTap,
  ) {}

  /** Frames a second of the primary track, once it is known. */
  get frameRate(): number | undefined {
    return this.#plan?.frameRate;
  }

  /**
   * Begins a run of samples of these tracks.
   * @throws TypeError when there is none
   */
  start(tracks: readonly Track[]): void {
    const primary = primaryTrack(tracks);
    if (!primary) throw new TypeError('a stream needs at least one track');
    this.#breakRun();
    this.#queues = new Map(tracks.map((track) => [track.id, { track, samples: [], reached: 0 }]));
    this.#primary = this.#queues.get(primary.id);
    const bytes = writeInitSegment(tracks);
    if (!this.#initBytes || !sameBytes(bytes, this.#initBytes)) {
      this.#initBytes = bytes;
      this.window.addInit(++this.#init, bytes);
    }
    this.tap?.onRun(tracks, this.#initBytes);
  }

  push(sample: Sample): void {
    const queue = this.#queues.get(sample.track);
    if (!queue) return;
    const { timescale } = queue.track;
    if (queue === this.#primary && this.#isJump(sample.dts / timescale)) this.#breakRun();
    if (this.#offset === undefined) {
      if (queue !== this.#primary || !sample.key) return;
      this.#anchor(sample.dts / timescale);
    }
    const dts = sample.dts + Math.round((this.#offset ?? 0) * timescale);
    // What belongs before the first key frame of the primary track has no picture to go with.
    if (dts < Math.round(this.#runStart * timescale)) return;
    const shifted = {
      ...sample,
      dts,
      duration: Math.min(sample.duration, Math.ceil(this.#longest * timescale)),
    };
    if (queue === this.#primary) this.#expected = (sample.dts + shifted.duration) / timescale;
    this.tap?.onSample(shifted, this.#clockOffset);
    if (this.#plan) this.#add(shifted, queue, this.#plan);
    else this.#collect(shifted);
  }

  /** Publishes what is held and ends the window. */
  end(): void {
    this.#finishRun();
    this.window.end();
    this.tap?.onEnd();
  }

  /** The longest that a frame may be, and that nothing may come, within one run: a segment. */
  get #longest(): number {
    return this.window.options.targetDuration;
  }

  /** The source's clock went back, or so far ahead that no segment can hold it. */
  #isJump(time: number): boolean {
    if (this.#expected === undefined || this.#offset === undefined) return false;
    return time > this.#expected + this.#longest || time < this.#expected - this.#longest;
  }

  /** Goes on behind a discontinuity, from the next key frame. */
  #breakRun(): void {
    this.#finishRun();
    for (const queue of this.#queues.values()) queue.reached = 0;
    this.#plan = undefined;
    this.#offset = undefined;
    this.#discontinuity = this.window.last !== undefined;
  }

  #anchor(firstTime: number): void {
    this.#offset = this.#end - firstTime;
    this.#runStart = this.#end;
    this.#expected = undefined;
    // The date must not go back where the last run's media came faster than it plays (RFC 8216bis §4.4.4.6).
    this.#clockOffset = Math.max(this.#clockOffset, this.now() - this.#end * 1000);
  }

  /** Holds the first samples back until the frame rate is known; the part target stays what it was. */
  #collect(sample: Sample): void {
    this.#probe.push(sample);
    const durations = this.#probeDurations();
    const time = durations.reduce((sum, duration) => sum + duration, 0);
    if (durations.length >= PROBE_FRAMES || time >= PROBE_TIME || this.#probe.length >= PROBE_SAMPLES) {
      this.#makePlan();
    }
  }

  #probeDurations(): number[] {
    const { id, timescale } = this.#primary!.track;
    return this.#probe.filter((sample) => sample.track === id).map((sample) => sample.duration / timescale);
  }

  #makePlan(): void {
    const { partTarget, ...frames } = choosePartTarget(this.#probeDurations(), this.options.partDuration);
    if (this.window.partTarget === 0) this.window.partTarget = partTarget;
    const { segmentDuration } = this.options;
    const { targetDuration } = this.window.options;
    this.#plan = new CutPlan(
      { partTarget: this.window.partTarget, segmentDuration, targetDuration, ...frames },
      this.#end,
    );
    const held = this.#probe;
    this.#probe = [];
    for (const sample of held) this.#add(sample, this.#queues.get(sample.track)!, this.#plan);
  }

  #add(sample: Sample, queue: Queue, plan: CutPlan): void {
    const start = sample.dts / queue.track.timescale;
    const end = start + sample.duration / queue.track.timescale;
    if (queue === this.#primary) plan.addPrimary(start, end, sample.key);
    else plan.addOther(end);
    queue.samples.push(sample);
    queue.reached = Math.max(queue.reached, end);
    this.#queuedBytes += sample.data.length;
    this.#publishReady(plan);
    if (this.#queuedBytes > MAX_PART_BYTES) {
      plan.force(end);
      this.#publishAll(plan);
    }
  }

  #publishReady({ cuts }: CutPlan): void {
    while (cuts[0] && this.#isCovered(cuts[0].end)) this.#carryOut(cuts.shift()!);
  }

  /** All tracks reach a time, or the one that does not has been waited for. */
  #isCovered(time: number): boolean {
    const queues = [...this.#queues.values()];
    if (queues.some(({ reached }) => reached - time > OTHER_TRACK_WAIT)) return true;
    return queues.every(({ reached, track }) => reached >= time - 1 / track.timescale);
  }

  #publishAll({ cuts }: CutPlan): void {
    for (let cut = cuts.shift(); cut; cut = cuts.shift()) {
      this.#carryOut(cut, cuts.length === 0 ? Infinity : cut.end);
    }
  }

  /** @param until samples from here on stay for the next part */
  #carryOut(cut: Cut, until = cut.end): void {
    const runs = this.#takeRuns(until);
    if (runs.length > 0) this.#publishPart(runs, Math.max(cut.end, this.#end));
    if (cut.closesSegment) this.window.closeSegment();
  }

  #publishPart(runs: Run[], end: number): void {
    const first = runs.find((run) => run.track === this.#primary!.track.id)?.samples[0];
    const independent = first?.key ?? false;
    if (this.window.last?.complete !== false) {
      this.window.openSegment({
        init: this.#init,
        discontinuity: this.#discontinuity,
        programDateTime: this.#clockOffset + this.#end * 1000,
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

  #takeRuns(until: number): Run[] {
    const runs: Run[] = [];
    for (const { track, samples } of this.#queues.values()) {
      const limit = until * track.timescale - 0.5;
      const cut = samples.findIndex((sample) => sample.dts >= limit);
      const taken = samples.splice(0, cut === -1 ? samples.length : cut);
      for (const sample of taken) this.#queuedBytes -= sample.data.length;
      if (taken.length > 0) runs.push({ track: track.id, samples: taken });
    }
    return runs;
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
    const { samples, reached } = this.#primary!;
    if (samples.length > 0) return reached;
    let left = 0;
    for (const queue of this.#queues.values()) {
      const ticks = queue.samples.reduce((sum, sample) => sum + sample.duration, 0);
      left = Math.max(left, ticks / queue.track.timescale);
    }
    return this.#end + left;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
