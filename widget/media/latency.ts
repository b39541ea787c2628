/** All times in seconds. */
export interface LatencyOptions {
  /**
   * Media that should be left in the buffer at the moment the next piece arrives. It only has to cover jitter,
   * since the waiting time for a piece is measured and comes on top. @default 0.2
   */
  target: number;
  /** Most that the target grows to after stalls. @default 2 */
  maxTarget: number;
  /** Above the target, before playback is sped up. @default 0.1 */
  tolerance: number;
  /** Playback rate while behind. @default 1.15 */
  fastRate: number;
  /** Playback rate while less than half the target is buffered. @default 0.95 */
  slowRate: number;
  /** So far above the target it seeks instead: catching up would take longer than a person waits. @default 1.5 */
  seekBeyond: number;
  /** Over which arrivals are judged: longer means steadier, and later to notice that the network got better. @default 8 */
  window: number;
  /** Added to the target at a stall, each time twice as much. @default 0.15 */
  stallIncrease: number;
  /** Without a stall, until the target shrinks by one step. @default 15 */
  recoverAfter: number;
}

export const LATENCY_DEFAULTS: LatencyOptions = {
  target: 0.2,
  maxTarget: 2,
  tolerance: 0.1,
  fastRate: 1.15,
  slowRate: 0.95,
  seekBeyond: 1.5,
  window: 8,
  stallIncrease: 0.15,
  recoverAfter: 15,
};

export interface LatencyInput {
  /** A monotonic clock. */
  now: number;
  /** The playhead, media time. */
  position: number;
  /** End of what is buffered, media time. */
  bufferedEnd: number;
}

export interface LatencyDecision {
  rate: number;
  /** Media time to seek to; the rate is 1 then. */
  seekTo?: number;
}

/** Arrivals to have seen before acting on them: the buffer is largest just after one. */
const MIN_ARRIVALS = 2;

/** A backlog that was delivered in one go is recognised after so long, seconds, or half as much again as pieces take. */
const RECENT = 1.5;

interface Sample {
  time: number;
  /** How far the buffer's end lay ahead of the clock. It falls until a piece arrives, and then jumps. */
  lead: number;
  /** Whether a piece had come. */
  isArrival: boolean;
}

/**
 * Decides how fast a live stream is played, so that it is as near to the edge as arrivals allow.
 *
 * The size of the buffer alone says little: just after a 0.2 s part it is 0.2 s larger than just before. What counts
 * is what is left when the next piece arrives: the least lead of the buffer's end over the clock in the last seconds,
 * less the playhead's own. That works for parts and for whole segments alike.
 */
export class LatencyControl {
  readonly #options: LatencyOptions;
  #target: number;
  #isFast = false;
  #samples: Sample[] = [];
  #previousEnd: number | undefined;
  #calmSince: number | undefined;
  #stalls = 0;

  constructor(options: Partial<LatencyOptions> = {}) {
    this.#options = { ...LATENCY_DEFAULTS, ...options };
    this.#target = this.#options.target;
  }

  /** What is to be left in the buffer when the next piece arrives; larger after stalls. */
  get target(): number {
    return this.#target;
  }

  /** Call at an even pace, a few times per piece. */
  update({ now, position, bufferedEnd }: LatencyInput): LatencyDecision {
    this.#recover(now);
    this.#note(now, bufferedEnd);
    const { tolerance, fastRate, slowRate, seekBeyond } = this.#options;
    if (this.#samples.filter(({ isArrival }) => isArrival).length < MIN_ARRIVALS) return { rate: 1 };
    const recentLead = this.#leastLead(now - RECENT * Math.max(1, this.#longestWait()));
    if (recentLead - (position - now) > this.#target + seekBeyond) {
      this.#isFast = false;
      return { rate: 1, seekTo: now + recentLead - this.#target };
    }
    const slack = this.#leastLead(-Infinity) - (position - now);
    if (slack > this.#target + tolerance) this.#isFast = true;
    else if (slack <= this.#target) this.#isFast = false;
    if (this.#isFast) return { rate: fastRate };
    return { rate: bufferedEnd - position < this.#target / 2 ? slowRate : 1 };
  }

  /** Playback ran dry: keep more from now on, and less again when it goes well. */
  stalled(now: number): void {
    const { stallIncrease, maxTarget } = this.#options;
    this.#target = Math.min(maxTarget, this.#target + stallIncrease * 2 ** this.#stalls);
    this.#stalls += 1;
    this.#calmSince = now;
  }

  /**
   * Arrivals so far say nothing about those to come: playback goes on after a stall, which the target remembers,
   * the timeline jumped, or the page was asleep.
   */
  reset(): void {
    this.#samples = [];
    this.#previousEnd = undefined;
    this.#isFast = false;
  }

  #note(now: number, bufferedEnd: number): void {
    // A piece that came since the last call may have come just now: judged by where the buffer ended before it.
    const end = Math.min(bufferedEnd, this.#previousEnd ?? bufferedEnd);
    this.#previousEnd = bufferedEnd;
    this.#samples.push({ time: now, lead: end - now, isArrival: bufferedEnd > end });
    const from = now - this.#options.window;
    while ((this.#samples[0]?.time ?? now) < from) this.#samples.shift();
  }

  #leastLead(from: number): number {
    return this.#samples.reduce(
      (least, { time, lead }) => (time < from ? least : Math.min(least, lead)),
      Infinity,
    );
  }

  /** Between two arrivals, seconds. */
  #longestWait(): number {
    let longest = 0;
    let last: number | undefined;
    for (const { time, isArrival } of this.#samples) {
      if (!isArrival) continue;
      if (last !== undefined) longest = Math.max(longest, time - last);
      last = time;
    }
    return longest;
  }

  #recover(now: number): void {
    this.#calmSince ??= now;
    const { target, stallIncrease, recoverAfter } = this.#options;
    if (now - this.#calmSince < recoverAfter) return;
    this.#calmSince = now;
    this.#target = Math.max(target, this.#target - stallIncrease);
    this.#stalls = Math.max(0, this.#stalls - 1);
  }
}
