/** When a stream that should play at once had better be played with more in the buffer. All times in seconds. */
export interface InstantHealthOptions {
  /** So many stalls … @default 3 */
  stalls: number;
  /** … within so long. @default 20 */
  stallWindow: number;
  /** Media that arrives more slowly than this share of real time … @default 0.9 */
  slowShare: number;
  /** … for so long. @default 6 */
  slowWindow: number;
  /** A picture that stands for so long, and while the playlist grows after that. @default 5 */
  starved: number;
}

export const INSTANT_HEALTH_DEFAULTS: InstantHealthOptions = {
  stalls: 3,
  stallWindow: 20,
  slowShare: 0.9,
  slowWindow: 6,
  starved: 5,
};

/** A longer silence, seconds, is the broadcaster's: a slow network brings something all the time. */
const LONGEST_GAP = 0.5;

interface Arrival {
  /** Seconds in which something was on its way. */
  busy: number;
  mediaEnd: number;
}

/** Judges whether the network carries an endless stream in real time. */
export class InstantHealth {
  readonly #options: InstantHealthOptions;
  #stalls: number[] = [];
  #arrivals: Arrival[] = [];
  #lastArrival: number | undefined;

  constructor(options: Partial<InstantHealthOptions> = {}) {
    this.#options = { ...INSTANT_HEALTH_DEFAULTS, ...options };
  }

  /** Playback ran dry. @returns why to give up, if so */
  stalled(now: number): string | undefined {
    const { stalls, stallWindow } = this.#options;
    this.#stalls = [...this.#stalls.filter((time) => now - time < stallWindow), now];
    return this.#stalls.length >= stalls ? `${stalls} stalls within ${stallWindow} s` : undefined;
  }

  /**
   * Media arrived.
   * @param mediaEnd up to where, media time
   * @returns why to give up, if so
   */
  arrived(now: number, mediaEnd: number): string | undefined {
    const { slowShare, slowWindow } = this.#options;
    const before = this.#arrivals.at(-1)?.busy ?? 0;
    const gap = this.#lastArrival === undefined ? 0 : now - this.#lastArrival;
    const busy = before + Math.min(gap, LONGEST_GAP);
    this.#lastArrival = now;
    this.#arrivals.push({ busy, mediaEnd });
    while (busy - (this.#arrivals[1]?.busy ?? busy) >= slowWindow) this.#arrivals.shift();
    const [first] = this.#arrivals;
    if (!first || busy - first.busy < slowWindow) return undefined;
    const share = (mediaEnd - first.mediaEnd) / (busy - first.busy);
    if (share >= slowShare) return undefined;
    return `media arrives at ${Math.round(share * 100)} % of real time`;
  }

  /** Another response, or another place in the stream: what arrived before says nothing about it. */
  reset(): void {
    this.#arrivals = [];
    this.#lastArrival = undefined;
  }
}
