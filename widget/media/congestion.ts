import type { EncoderTarget } from './encoder.js';

/** What is given up: nothing, picture quality, frames too, or media that was made already. */
export type CongestionState = 'none' | 'bitrate' | 'frame-rate' | 'dropping';

/** What to do now. */
export interface CongestionAdvice {
  /** Set where it changed. */
  target?: EncoderTarget;
  /** Media that waits is to be dropped up to the next key frame. */
  drop: boolean;
}

/**
 * Down in steps of about three quarters: less would not be felt by a link that is too small, more would take from the
 * picture what the link still carries. Below a third of the bitrate a picture looks better with fewer frames.
 */
const STEPS: readonly EncoderTarget[] = [
  { bitrate: 1, divisor: 1 },
  { bitrate: 0.75, divisor: 1 },
  { bitrate: 0.55, divisor: 1 },
  { bitrate: 0.4, divisor: 1 },
  { bitrate: 0.3, divisor: 1 },
  { bitrate: 0.2, divisor: 2 },
  { bitrate: 0.12, divisor: 2 },
  { bitrate: 0.08, divisor: 3 },
];

/** Seconds of media that wait, from which on the link counts as too small: a key frame alone may take a quarter of one. */
const TOO_MUCH = 0.4;

/** From which on what waits is not worth its lateness, where the link is hopeless: there viewers would only fall behind. */
const FAR_TOO_MUCH = 1.5;

/**
 * Seconds on the lowest step without getting nearer, after which a link is hopeless. Until then nothing is lost: a link
 * that is bad for a while catches up.
 */
const HOPELESS_AFTER = 10;

/** Less of what waits, seconds, that counts as getting nearer. */
const NEARER = 0.25;

/** Up to which the link counts as free. Far below {@link TOO_MUCH}, or every step would be taken back at once. */
const FREE = 0.15;

/** Seconds until a step shows: the encoder follows within a second, and what waited before must leave. */
const SETTLE = 1;

/** Seconds free until a step up is tried; doubled whenever the try failed, since each failure is a hiccup for viewers. */
const CLIMB = 5;
const LONGEST_CLIMB = 60;

/** Decides how much to encode, from how much waits to be sent: down fast, up slowly. */
export class Congestion {
  #step = 0;
  #changedAt = -Infinity;
  #climbedAt = -Infinity;
  #freeSince: number | undefined;
  #climb = CLIMB;
  #droppedAt = -Infinity;
  #now = 0;
  /** The least that has waited since the lowest step was taken, and when. */
  #least = Infinity;
  #leastAt = 0;
  #isHopeless = false;

  get target(): EncoderTarget {
    return STEPS[this.#step]!;
  }

  get state(): CongestionState {
    if (this.#now - this.#droppedAt < SETTLE) return 'dropping';
    if (this.target.divisor > 1) return 'frame-rate';
    return this.#step > 0 ? 'bitrate' : 'none';
  }

  /**
   * Asked several times a second while the connection is there.
   * @param waiting media that is not sent yet, seconds
   * @param now a monotonic clock, seconds
   */
  update(waiting: number, now: number): CongestionAdvice {
    this.#now = now;
    this.#judge(waiting, now);
    // Once a second: what is made meanwhile begins with a key frame, and needs its time to leave.
    const drop = this.#isHopeless && waiting > FAR_TOO_MUCH && now - this.#droppedAt >= SETTLE;
    if (drop) this.#droppedAt = now;
    if (waiting > FREE) this.#freeSince = undefined;
    else this.#freeSince ??= now;

    if (waiting > TOO_MUCH && now - this.#changedAt >= SETTLE) return { ...this.#down(now), drop };
    if (this.#freeSince !== undefined && now - this.#freeSince >= this.#climb) {
      return { ...this.#up(now), drop };
    }
    return { drop };
  }

  /** The connection broke: what waits since then says nothing about the link. */
  pause(): void {
    this.#freeSince = undefined;
  }

  #judge(waiting: number, now: number): void {
    if (this.#step < STEPS.length - 1) {
      this.#least = Infinity;
      this.#isHopeless = false;
    } else if (waiting < this.#least - NEARER) {
      this.#least = waiting;
      this.#leastAt = now;
    } else if (now - this.#leastAt >= HOPELESS_AFTER) {
      this.#isHopeless = true;
    }
  }

  #down(now: number): { target?: EncoderTarget } {
    if (this.#step === STEPS.length - 1) return {};
    // The link carries no more than before the last climb.
    if (now - this.#climbedAt < this.#climb) this.#climb = Math.min(LONGEST_CLIMB, this.#climb * 2);
    this.#step += 1;
    this.#changedAt = now;
    return { target: this.target };
  }

  #up(now: number): { target?: EncoderTarget } {
    this.#freeSince = now;
    if (this.#step === 0) {
      this.#climb = CLIMB;
      return {};
    }
    this.#step -= 1;
    this.#changedAt = now;
    this.#climbedAt = now;
    return { target: this.target };
  }
}
