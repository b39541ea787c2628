import { writeInitSegment } from './init-segment.js';
import { writeFragment, type Run } from './media-segment.js';
import { choosePartTarget } from './part-target.js';
import { primaryTrack, type Sample, type Track } from './sample.js';
import type { Window } from './window.js';

export interface SegmenterOptions {
  /** Wanted part length, seconds. */
  partDuration: number;
  /** A segment ends at the first key frame from this length on, seconds. */
  segmentDuration: number;
}

/** Key frames come a frame early now and then; waiting for the next would double the segment. */
const SEGMENT_TOLERANCE = 0.1;

/** So many frames, or so long, are looked at to learn the frame rate before the first part is cut. */
const PROBE_FRAMES = 6;
const PROBE_TIME = 0.4;

/** A part is closed at this size whatever its length: timestamps that stand still must not fill the memory. */
const MAX_PART_BYTES = 16 * 1024 * 1024;

/** Less than any frame, more than the rounding of sums, seconds. */
const EPSILON = 1e-6;

/** Parts are cut by the other track when the primary one is this much behind it, seconds. */
const PRIMARY_STALL = 1;

/**
 * Cuts samples into parts and segments and writes them into a window. Parts are cut by the decode times of
 * the primary track (video where there is any); the other track's samples up to the cut go along.
 *
 * Each call of {@link start} begins a new run of tracks: its timeline goes on where the last one's ended.
 */
export class Segmenter {
  #tracks = new Map<number, Track>();
  #primary: Track | undefined;
  #init = -1;
  #initBytes: Uint8Array | undefined;
  #discontinuity = false;

  /** Added to the times of this run's samples, seconds. Set by its first primary key frame. */
  #offset: number | undefined;
  /** Where the next run goes on, seconds. */
  #end = 0;
  /** Wall clock less timeline of this run, milliseconds. */
  #clockOffset = 0;

  #frameDuration = 0;
  #probe: Sample[] | undefined;
  #queues = new Map<number, Sample[]>();
  #queuedBytes = 0;
  #partStart = 0;
  #segmentStart = 0;
  #sequence = 0;

  constructor(
    private readonly options: SegmenterOptions,
    private readonly window: Window,
    private readonly now: () => number = Date.now,
  ) {}

  /** Frames a second of the primary track, once it is known. */
  get frameRate(): number | undefined {
    return this.#frameDuration > 0 ? 1 / this.#frameDuration : undefined;
  }

  /**
   * Begins a run of samples of these tracks.
   * @throws TypeError when there is none
   */
  start(tracks: readonly Track[]): void {
    const primary = primaryTrack(tracks);
    if (!primary) throw new TypeError('a stream needs at least one track');
    this.#finishRun();
    this.#tracks = new Map(tracks.map((track) => [track.id, track]));
    this.#primary = primary;
    this.#queues = new Map(tracks.map((track) => [track.id, []]));
    this.#offset = undefined;
    this.#discontinuity = this.window.last !== undefined;
    this.#probe = this.window.partTarget === 0 ? [] : undefined;
    const bytes = writeInitSegment(tracks);
    if (!this.#initBytes || !sameBytes(bytes, this.#initBytes)) {
      this.#initBytes = bytes;
      this.window.addInit(++this.#init, bytes);
    }
  }

  push(sample: Sample): void {
    const track = this.#tracks.get(sample.track);
    const primary = this.#primary;
    if (!track || !primary) return;
    if (this.#offset === undefined) {
      if (track !== primary || !sample.key) return;
      this.#anchor(sample.dts / track.timescale);
    }
    const dts = sample.dts + Math.round((this.#offset ?? 0) * track.timescale);
    // What belongs before the first key frame of the primary track has no picture to go with.
    if (dts < Math.round(this.#segmentFloor * track.timescale)) return;
    const shifted = { ...sample, dts };
    if (this.#probe) this.#collect(shifted);
    else this.#add(shifted, track);
  }

  /** Publishes what is held and ends the window. */
  end(): void {
    this.#finishRun();
    this.window.end();
  }

  #segmentFloor = 0;

  #anchor(firstTime: number): void {
    this.#offset = this.#end - firstTime;
    this.#segmentFloor = this.#end;
    this.#partStart = this.#end;
    this.#segmentStart = this.#end;
    this.#clockOffset = this.now() - this.#end * 1000;
  }

  /** Holds the first samples back until the frame rate is known. */
  #collect(sample: Sample): void {
    this.#probe!.push(sample);
    const durations = this.#probeDurations();
    const time = durations.reduce((sum, duration) => sum + duration, 0);
    if (durations.length >= PROBE_FRAMES || time >= PROBE_TIME || this.#probe!.length > 1000)
      this.#endProbe();
  }

  #probeDurations(): number[] {
    const { id, timescale } = this.#primary!;
    return this.#probe!.filter((sample) => sample.track === id).map((sample) => sample.duration / timescale);
  }

  #endProbe(): void {
    const { partTarget, frameDuration } = choosePartTarget(this.#probeDurations(), this.options.partDuration);
    const held = this.#probe ?? [];
    this.window.partTarget = partTarget;
    this.#frameDuration = frameDuration;
    this.#probe = undefined;
    for (const sample of held) this.#add(sample, this.#tracks.get(sample.track)!);
  }

  #add(sample: Sample, track: Track): void {
    const start = sample.dts / track.timescale;
    const end = start + sample.duration / track.timescale;
    if (track === this.#primary) {
      this.#catchUp(start);
      if (this.#isSegmentStart(sample, start, end)) this.#closeSegment(start);
      // Before the sample that would cross: a part must never exceed the target.
      else if (end - this.#partStart > this.window.partTarget + EPSILON) this.#closePart(start);
    }
    this.#queues.get(track.id)!.push(sample);
    this.#queuedBytes += sample.data.length;
    if (this.#queuedBytes > MAX_PART_BYTES) this.#closePart(Math.max(end, this.#partStart));
    else if (track === this.#primary) {
      // At once where one more frame would cross, rather than when that frame comes.
      const room = this.window.partTarget - (end - this.#partStart);
      if (room < this.#frameDuration / 2) this.#closePart(end);
    } else if (end - this.#partStart > this.window.partTarget + PRIMARY_STALL) {
      this.#closePart(this.#partStart + this.window.partTarget);
    }
  }

  #isSegmentStart(sample: Sample, start: number, end: number): boolean {
    const length = start - this.#segmentStart;
    if (length <= 0) return false;
    if (sample.key && length >= this.options.segmentDuration - SEGMENT_TOLERANCE) return true;
    // EXT-X-TARGETDURATION bounds every segment, also where key frames are rare.
    return end - this.#segmentStart > this.window.options.targetDuration;
  }

  /** @param cut the other tracks' samples from here on stay for the next part */
  #closePart(end: number, cut = end): void {
    // What the other track still has for a part that is already out goes with the next one.
    if (end - this.#partStart <= EPSILON && this.#queues.get(this.#primary!.id)!.length === 0) return;
    const runs = this.#takeRuns(cut);
    if (runs.length === 0) return;
    const first = runs.find((run) => run.track === this.#primary!.id)?.samples[0];
    const independent = first?.key ?? false;
    if (this.window.last?.complete !== false) {
      this.window.openSegment({
        init: this.#init,
        discontinuity: this.#discontinuity,
        programDateTime: this.#clockOffset + this.#partStart * 1000,
        independent,
      });
      this.#discontinuity = false;
    }
    const duration = end - this.#partStart;
    this.window.addPart({ duration, independent, bytes: writeFragment(++this.#sequence, runs) });
    this.#partStart = end;
    this.#end = end;
  }

  #closeSegment(end: number): void {
    this.#closePart(end);
    this.window.closeSegment();
    this.#segmentStart = end;
  }

  /** All of the primary track's samples, and the others' that start before the cut. */
  #takeRuns(cutTime: number): Run[] {
    const runs: Run[] = [];
    for (const [id, queue] of this.#queues) {
      const track = this.#tracks.get(id)!;
      const cut =
        track === this.#primary ? -1 : queue.findIndex((sample) => sample.dts / track.timescale >= cutTime);
      const samples = queue.splice(0, cut === -1 ? queue.length : cut);
      for (const sample of samples) this.#queuedBytes -= sample.data.length;
      if (samples.length > 0) runs.push({ track: id, samples });
    }
    return runs;
  }

  /** After a stall of the primary track, what the other one has for that time still makes parts of their length. */
  #catchUp(start: number): void {
    const { partTarget } = this.window;
    while (start - this.#partStart > partTarget + PRIMARY_STALL / 2) {
      const before = this.#partStart;
      this.#closePart(before + partTarget);
      if (this.#partStart === before) return;
    }
  }

  #finishRun(): void {
    if (!this.#primary || this.#offset === undefined) return;
    if (this.#probe) this.#endProbe();
    this.#closePart(this.#endOfRun(), Infinity);
    this.#queues.forEach((queue) => (queue.length = 0));
    this.#queuedBytes = 0;
    this.window.closeSegment();
    this.#segmentStart = this.#end;
  }

  /** Where the last sample of the run ends; what is left of the other track gets the time that it takes. */
  #endOfRun(): number {
    const primary = this.#queues.get(this.#primary!.id)!;
    const last = primary.at(-1);
    if (last) return (last.dts + last.duration) / this.#primary!.timescale;
    let left = 0;
    for (const [id, queue] of this.#queues) {
      const ticks = queue.reduce((sum, sample) => sum + sample.duration, 0);
      left = Math.max(left, ticks / this.#tracks.get(id)!.timescale);
    }
    return this.#partStart + left;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
