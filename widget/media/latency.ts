/** All times in seconds. */
export interface LatencyOptions {
  /**
   * Media that should be left in the buffer at the moment the next piece arrives. It only has to cover jitter that was
   * not seen yet: the waiting time for a piece and the jitter that was seen are measured and come on top. @default 0.2
   */
  target: number;
  /** Most that the target grows to after stalls. @default 2 */
  maxTarget: number;
  /** Above the target, before playback is sped up. @default 0.1 */
  tolerance: number;
  /** Playback rate while a little behind: a pitch that is kept hides it. @default 1.05 */
  catchUpRate: number;
  /** Playback rate while further behind than {@link farBehind}. @default 1.12 */
  fastRate: number;
  /** Above the target, from where it plays at the fast rate. @default 0.4 */
  farBehind: number;
  /** Playback rate while less than half the target is left, until all of it is. @default 0.95 */
  slowRate: number;
  /** So far above the target it seeks instead: catching up would take longer than a person waits. @default 1.5 */
  seekBeyond: number;
  /** Over which arrivals are judged: longer means steadier, and later to notice that the network got better. @default 30 */
  window: number;
  /** From a start on, in which a page and its stream come into being: what is late then says little about later. @default 10 */
  settling: number;
  /** While settling: arrivals that are sooner than those before by more than this, and stay so for {@link improvedFor}, are believed. @default 0.2 */
  improvedBy: number;
  /** Or for half as much again as pieces take, where that is longer. @default 3 */
  improvedFor: number;
  /** From a start on, in which the first arrivals are not trusted to be all there is. @default 3 */
  warmup: number;
  /** What is kept above the target at its beginning, and less and less until its end. @default 0.2 */
  warmupMargin: number;
  /** Added to the target at a stall, each time twice as much. @default 0.15 */
  stallIncrease: number;
  /** Without a stall, until the target shrinks by one step; twice as long after each time that it shrank too soon. @default 15 */
  recoverAfter: number;
  /** Longest that this becomes. @default 600 */
  maxRecoverAfter: number;
}

/**
 * For pieces of a tenth of a second and more, asked for one by one. At each of the rates a tone stays what it is within 2 %, and is
 * never silent for 20 ms (`pitch.test.ts` listens).
 */
export const LATENCY_DEFAULTS: LatencyOptions = {
  target: 0.2,
  maxTarget: 2,
  tolerance: 0.1,
  catchUpRate: 1.05,
  fastRate: 1.12,
  farBehind: 0.4,
  slowRate: 0.95,
  seekBeyond: 1.5,
  window: 30,
  settling: 10,
  improvedBy: 0.2,
  improvedFor: 3,
  warmup: 3,
  warmupMargin: 0.2,
  stallIncrease: 0.15,
  recoverAfter: 15,
  maxRecoverAfter: 600,
};

/** For frames that come as they are made. Chromium's sound runs dry with less than about a tenth of a second left. */
export const INSTANT_LATENCY_DEFAULTS: LatencyOptions = {
  ...LATENCY_DEFAULTS,
  target: 0.1,
  maxTarget: 1,
  tolerance: 0.04,
  farBehind: 0.3,
  improvedBy: 0.1,
  seekBeyond: 0.8,
  warmup: 2,
  warmupMargin: 0.1,
  stallIncrease: 0.08,
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

/** A backlog that was delivered in one go is recognised after so long, seconds, or half as much again as pieces take. */
const RECENT = 1.5;

/** A piece that was waited for came after this share of its duration; the pieces of a backlog come faster. */
const WAITED = 0.5;

/** Of the far-behind distance: back at the catch-up rate from there on, so that the rate does not flutter. */
const FAR_HYSTERESIS = 0.5;

type Gear = 'even' | 'slow' | 'catch-up' | 'fast';

interface Sample {
  time: number;
  /** How far the buffer's end lay ahead of the clock. It falls until a piece arrives, and then jumps. */
  lead: number;
}

/**
 * Decides how fast a live stream is played, so that it is as near to the edge as arrivals allow.
 *
 * The size of the buffer alone says little: just after a 0.2 s part it is 0.2 s larger than just before. What counts
 * is what is left when the next piece arrives: the least lead of the buffer's end over the clock in the last seconds,
 * less the playhead's own. That works for frames, parts and whole segments alike.
 *
 * What was there before playback began arrives in one go and says nothing about what is still to be made: judging begins
 * with the first piece that had to be waited for.
 */
export class LatencyControl {
  readonly #options: LatencyOptions;
  #target: number;
  #gear: Gear = 'even';
  /** Leads that no later one is below, so that the first within a time is the least. */
  #samples: Sample[] = [];
  #arrivals: number[] = [];
  #previousEnd: number | undefined;
  #settledAt: number | undefined;
  #calmSince: number | undefined;
  #stalls = 0;
  #recoverAfter: number;
  /** Since the last stall the target became smaller. */
  #hasShrunk = false;

  constructor(options: Partial<LatencyOptions> = {}) {
    this.#options = { ...LATENCY_DEFAULTS, ...options };
    this.#target = this.#options.target;
    this.#recoverAfter = this.#options.recoverAfter;
  }

  /** What is to be left in the buffer when the next piece arrives; larger after stalls. */
  get target(): number {
    return this.#target;
  }

  /** Tells that a piece arrived. Without it `update` notices, later and less exactly. */
  arrived(now: number, bufferedEnd: number): void {
    this.#note(now, bufferedEnd);
  }

  /** Call at an even pace, a few times per piece. */
  update({ now, position, bufferedEnd }: LatencyInput): LatencyDecision {
    this.#recover(now);
    this.#note(now, bufferedEnd);
    if (this.#settledAt === undefined) return this.#decide('even');
    const { seekBeyond, warmup, warmupMargin } = this.#options;
    const behind = position - now;
    const recentLead = this.#leastLead(now - RECENT * Math.max(1, this.#longestWait()));
    if (recentLead - behind > this.#target + seekBeyond) {
      this.#gear = 'even';
      return { rate: 1, seekTo: now + recentLead - this.#target };
    }
    this.#believeBetter(now, this.#settledAt);
    const excess = this.#leastLead(-Infinity) - behind - this.#target;
    const distrust = Math.max(0, 1 - (now - this.#settledAt) / warmup) * warmupMargin;
    return this.#decide(this.#shift(excess, distrust));
  }

  /** Playback ran dry: keep more from now on, and less again when it goes well. */
  stalled(now: number): void {
    const { stallIncrease, maxTarget, maxRecoverAfter } = this.#options;
    // What it was before is what this network needs now and then.
    if (this.#hasShrunk) this.#recoverAfter = Math.min(maxRecoverAfter, this.#recoverAfter * 2);
    this.#hasShrunk = false;
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
    this.#arrivals = [];
    this.#previousEnd = undefined;
    this.#settledAt = undefined;
    this.#gear = 'even';
  }

  #decide(gear: Gear): LatencyDecision {
    this.#gear = gear;
    const { slowRate, catchUpRate, fastRate } = this.#options;
    return { rate: { even: 1, slow: slowRate, 'catch-up': catchUpRate, fast: fastRate }[gear] };
  }

  /** A gear is kept until its work is done: rates that flutter are heard. */
  #shift(excess: number, distrust: number): Gear {
    const { tolerance, farBehind } = this.#options;
    if (excess > farBehind + distrust) return 'fast';
    if (this.#gear === 'fast' && excess > farBehind * FAR_HYSTERESIS + distrust) return 'fast';
    if (excess > tolerance + distrust) return 'catch-up';
    if ((this.#gear === 'fast' || this.#gear === 'catch-up') && excess > distrust) return 'catch-up';
    if (excess < -this.#target / 2) return 'slow';
    return this.#gear === 'slow' && excess < 0 ? 'slow' : 'even';
  }

  #note(now: number, bufferedEnd: number): void {
    // A piece that came since the last call may have come just now: judged by where the buffer ended before it.
    const end = Math.min(bufferedEnd, this.#previousEnd ?? bufferedEnd);
    this.#previousEnd = bufferedEnd;
    const from = now - this.#options.window;
    if (bufferedEnd > end) {
      const last = this.#arrivals.at(-1);
      if (last !== undefined && now - last >= (bufferedEnd - end) * WAITED) this.#settledAt ??= now;
      this.#arrivals.push(now);
      while ((this.#arrivals[0] ?? now) < from) this.#arrivals.shift();
    }
    if (this.#settledAt === undefined) return;
    const lead = end - now;
    while ((this.#samples.at(-1)?.lead ?? -Infinity) >= lead) this.#samples.pop();
    this.#samples.push({ time: now, lead });
    while ((this.#samples[0]?.time ?? now) < from) this.#samples.shift();
  }

  /**
   * A source that was late in the beginning and then caught up need not be waited for until the window has passed. Only in the
   * beginning: what a network does now and then it does again.
   */
  #believeBetter(now: number, settledAt: number): void {
    const { improvedBy, improvedFor, settling } = this.#options;
    const time = Math.max(improvedFor, this.#longestWait() * RECENT);
    const from = now - time;
    // What happened while it settled is judged when as much time has passed.
    if (settledAt > from || settledAt < from - settling) return;
    if (this.#leastLead(from) - improvedBy <= this.#leastLead(-Infinity)) return;
    this.#samples = this.#samples.filter(({ time }) => time >= from);
  }

  /** Since a time. */
  #leastLead(from: number): number {
    return this.#samples.find(({ time }) => time >= from)?.lead ?? Infinity;
  }

  /** Between two arrivals, seconds. */
  #longestWait(): number {
    let longest = 0;
    for (let index = 1; index < this.#arrivals.length; index++)
      longest = Math.max(longest, (this.#arrivals[index] ?? 0) - (this.#arrivals[index - 1] ?? 0));
    return longest;
  }

  #recover(now: number): void {
    this.#calmSince ??= now;
    if (now - this.#calmSince < this.#recoverAfter) return;
    const { target, stallIncrease, recoverAfter } = this.#options;
    this.#calmSince = now;
    if (this.#target === target) this.#recoverAfter = Math.max(recoverAfter, this.#recoverAfter / 2);
    else this.#hasShrunk = true;
    this.#target = Math.max(target, this.#target - stallIncrease);
    this.#stalls = Math.max(0, this.#stalls - 1);
  }
}
