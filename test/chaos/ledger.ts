/** One video sample as its encoder gave it. */
export interface Encoded {
  /** See `digest()`. */
  digest: number;
  /** When, milliseconds since the epoch. */
  at: number;
}

/** The video samples of one part that a viewer got. */
export interface SeenPart {
  digests: number[];
  at: number;
}

/** What became of the samples between two looks at the ledger. */
export interface Balance {
  /** Encoded, and passed over by what viewers got. */
  lost: number;
  /** Seen twice, or after one that was encoded later. */
  repeated: number;
  /** Seen, and never encoded like that. */
  altered: number;
  /** Of the slowest part: from the encoder's last sample in it to the viewer, milliseconds. 0 of none. */
  slowest: number;
}

/** What an encoder made and what a viewer got of it, compared digest by digest and in order. */
export class Ledger {
  readonly #encoded: Encoded[] = [];
  /** Where a digest stands in `#encoded`: usually once. */
  readonly #places = new Map<number, number[]>();
  #unread: SeenPart[] = [];
  /** Place of the sample that has to come next; undefined until a viewer saw a first one. */
  #next: number | undefined;
  #balance: Balance = nothing();

  encode(sample: Encoded): void {
    const places = this.#places.get(sample.digest);
    if (places) places.push(this.#encoded.length);
    else this.#places.set(sample.digest, [this.#encoded.length]);
    this.#encoded.push(sample);
  }

  /** A viewer may see before the encoder's own notes are fetched: nothing is compared until somebody asks. */
  see(part: SeenPart): void {
    this.#unread.push(part);
  }

  get encodedCount(): number {
    return this.#encoded.length;
  }

  /** Whether viewers have, or will not get any more, everything of before a time. */
  isPast(time: number): boolean {
    this.#read();
    const next = this.#next === undefined ? undefined : this.#encoded[this.#next];
    return this.#next !== undefined && (next === undefined || next.at >= time);
  }

  /** When a viewer first had something that was encoded after a time; undefined while that did not happen. */
  firstSeenAfter(time: number): number | undefined {
    this.#read();
    return this.#arrivals.find(({ encodedAt }) => encodedAt >= time)?.at;
  }

  /** What happened since the last call. @param until what was encoded before and was not seen yet, is lost */
  balance(until = -Infinity): Balance {
    this.#read();
    const result = this.#balance;
    this.#balance = nothing();
    this.#arrivals = [];
    while (this.#next !== undefined && (this.#encoded[this.#next]?.at ?? Infinity) < until) {
      result.lost++;
      this.#next++;
    }
    return result;
  }

  #arrivals: { encodedAt: number; at: number }[] = [];

  #read(): void {
    const unread = this.#unread;
    this.#unread = [];
    for (const { digests, at } of unread) {
      let encodedAt = -Infinity;
      for (const each of digests) encodedAt = Math.max(encodedAt, this.#readSample(each));
      if (encodedAt === -Infinity) continue;
      this.#arrivals.push({ encodedAt, at });
      this.#balance.slowest = Math.max(this.#balance.slowest, at - encodedAt);
    }
  }

  /** @returns when it was encoded */
  #readSample(seen: number): number {
    const places = this.#places.get(seen);
    if (!places) {
      if (this.#next !== undefined) this.#balance.altered++;
      return -Infinity;
    }
    // What is alike by chance is the next one, where it can be.
    const next = this.#next ?? places[0]!;
    const place = places.find((candidate) => candidate >= next);
    if (place === undefined) {
      this.#balance.repeated++;
      return -Infinity;
    }
    this.#balance.lost += place - next;
    this.#next = place + 1;
    return this.#encoded[place]!.at;
  }
}

function nothing(): Balance {
  return { lost: 0, repeated: 0, altered: 0, slowest: 0 };
}
