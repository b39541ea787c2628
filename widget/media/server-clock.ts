interface Reading {
  /** Server's clock less ours, ms. */
  offset: number;
  /** ms. */
  roundTrip: number;
}

/** Readings that are compared: at one a second, what a queue on the way spoils for some seconds is outlived. */
const READINGS = 8;

/** Longest round trip that says anything, ms: half of it is how wrong the offset may be. */
const LONGEST_ROUND_TRIP = 10_000;

/** This page's clock, milliseconds since the epoch: it never jumps, as `Date.now()` does when the machine's time is set. */
export function pageClock(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * How far the server's clock is ahead of this page's, as NTP measures it (RFC 5905 §8): of the newest questions the one
 * with the shortest round trip counts, since its answer waited least on the way.
 */
export class ServerClock {
  readonly #send: (sent: number) => void;
  readonly #now: () => number;
  #readings: Reading[] = [];
  /** By the connection before. */
  #known: number | undefined;

  /**
   * @param send sends `{ type: 'clock', sent }`
   * @param now this page's clock, ms
   */
  constructor(send: (sent: number) => void, now: () => number = pageClock) {
    this.#send = send;
    this.#now = now;
  }

  /** Server's clock less this page's, ms; undefined until an answer came. Off by half a round trip at most. */
  get offset(): number | undefined {
    return this.#best?.offset ?? this.#known;
  }

  /** Of the newest answer, ms; undefined until one came. */
  get roundTrip(): number | undefined {
    return this.#readings.at(-1)?.roundTrip;
  }

  /** What the server's clock says now, milliseconds since the epoch; undefined until an answer came. */
  get time(): number | undefined {
    const { offset } = this;
    return offset === undefined ? undefined : this.#now() + offset;
  }

  /** Sends a question. Some in a row at the beginning, then one every few seconds, are plenty. */
  ask(): void {
    this.#send(this.#now());
  }

  /**
   * Takes an answer.
   * @param sent as it was asked, ms
   * @param time of the server's clock, milliseconds since the epoch
   */
  answered(sent: number, time: number): void {
    const received = this.#now();
    const roundTrip = received - sent;
    // What comes back is the server's word: an answer to no question of ours must not count.
    if (!(roundTrip >= 0 && roundTrip <= LONGEST_ROUND_TRIP) || !Number.isFinite(time)) return;
    this.#readings.push({ offset: time - (sent + received) / 2, roundTrip });
    if (this.#readings.length > READINGS) this.#readings.shift();
  }

  /**
   * Another connection, which may lead to another server: the next answer counts, whatever came before. Until then the server's
   * clock is what it was, since servers of one service agree on the time.
   */
  reconnected(): void {
    this.#known = this.offset;
    this.#readings = [];
  }

  get #best(): Reading | undefined {
    let best: Reading | undefined;
    for (const reading of this.#readings) {
      // The newer of two alike, since clocks drift.
      if (!best || reading.roundTrip <= best.roundTrip) best = reading;
    }
    return best;
  }
}
