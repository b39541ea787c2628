/** One sample as its encoder gave it. */
export interface Encoded {
  /** See `digest()`. */
  digest: number;
  /** When, milliseconds since the epoch. */
  at: number;
}

/** The samples of one track in one part that a viewer got. */
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
  /** Of each part: from the encoder's last sample in it to the viewer, milliseconds. */
  delays: number[];
}

/** Samples that are remembered after they were seen: several minutes, more than any fault holds one back. */
const MEMORY = 10_000;

/** What an encoder made and what a viewer got of it, compared digest by digest and in order. */
export class Ledger {
  /** What was encoded until then is known, milliseconds since the epoch: what viewers got later is not compared yet. */
  knownUntil = Infinity;

  #encoded: Encoded[] = [];
  /** Place of the first that is remembered. */
  #first = 0;
  /** Where a digest stands: usually once. */
  readonly #places = new Map<number, number[]>();
  #unread: SeenPart[] = [];
  /** Place of the sample that has to come next; undefined until a viewer saw a first one. */
  #next: number | undefined;
  /** Place after the one that was seen last: also where viewers are sent again what they have seen. */
  #following: number | undefined;
  #balance: Balance = nothing();
  /** Of the parts since the balance was taken. */
  #arrivals: { encodedAt: number; at: number }[] = [];

  encode(sample: Encoded): void {
    const place = this.#first + this.#encoded.length;
    const places = this.#places.get(sample.digest);
    if (places) places.push(place);
    else this.#places.set(sample.digest, [place]);
    this.#encoded.push(sample);
    if (this.#encoded.length > 2 * MEMORY) this.#forget();
  }

  /** A viewer may see before the encoder's own notes are fetched: nothing is compared until somebody asks. */
  see(part: SeenPart): void {
    this.#unread.push(part);
  }

  get encodedCount(): number {
    return this.#first + this.#encoded.length;
  }

  /** Whether viewers have, or will not get any more, everything of before a time. */
  isPast(time: number): boolean {
    this.#read();
    const next = this.#next === undefined ? undefined : this.#at(this.#next);
    return this.#next !== undefined && (next === undefined || next.at >= time);
  }

  /**
   * When a viewer first had something that was encoded after a time; undefined while that did not happen.
   * @param seenFrom what viewers had before does not count
   */
  firstSeen(encodedFrom: number, seenFrom = -Infinity): number | undefined {
    this.#read();
    return this.#arrivals.find(({ encodedAt, at }) => encodedAt >= encodedFrom && at >= seenFrom)?.at;
  }

  /** What happened since the last call. @param until what was encoded before and was not seen yet, is lost */
  balance(until = -Infinity): Balance {
    this.#read();
    const result = this.#balance;
    this.#balance = nothing();
    this.#arrivals = [];
    while (this.#next !== undefined && (this.#at(this.#next)?.at ?? Infinity) < until) {
      result.lost++;
      this.#next++;
    }
    return result;
  }

  #at(place: number): Encoded | undefined {
    return this.#encoded[place - this.#first];
  }

  /** What is that old is not on its way any more; who looks rarely has to be told of what was lost all the same. */
  #forget(): void {
    this.#read();
    const count = Math.min(MEMORY, (this.#next ?? 0) - this.#first);
    if (count < MEMORY) return;
    const forgotten = this.#encoded.splice(0, count);
    this.#first += count;
    for (const { digest } of forgotten) {
      // Others that are alike may have come since.
      const places = this.#places.get(digest)?.filter((place) => place >= this.#first) ?? [];
      if (places.length > 0) this.#places.set(digest, places);
      else this.#places.delete(digest);
    }
  }

  #read(): void {
    const unread = this.#unread;
    this.#unread = unread.filter(({ at }) => at > this.knownUntil);
    for (const { digests, at } of unread) {
      if (at > this.knownUntil) continue;
      let encodedAt = -Infinity;
      for (const each of digests) encodedAt = Math.max(encodedAt, this.#readSample(each));
      if (encodedAt === -Infinity) continue;
      this.#arrivals.push({ encodedAt, at });
      this.#balance.delays.push(at - encodedAt);
    }
  }

  /** @returns when it was encoded */
  #readSample(seen: number): number {
    const places = this.#places.get(seen);
    if (!places) {
      if (this.#next !== undefined) this.#balance.altered++;
      return -Infinity;
    }
    // What is alike by chance is the one that follows, or else the next one, where it can be.
    const next = this.#next ?? places[0]!;
    const place =
      places.find((candidate) => candidate === this.#following) ??
      places.find((candidate) => candidate >= next) ??
      places.at(-1)!;
    this.#following = place + 1;
    if (place < next) {
      this.#balance.repeated++;
      return -Infinity;
    }
    this.#balance.lost += place - next;
    this.#next = place + 1;
    return this.#at(place)!.at;
  }
}

function nothing(): Balance {
  return { lost: 0, repeated: 0, altered: 0, delays: [] };
}
