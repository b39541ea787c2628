import type { KeyGrant, PublishGrant } from '../streams/publish-grant.js';

/** A viewer's right to a stream. */
export interface Pass {
  /** When it ends, milliseconds since the epoch; later when it was renewed meanwhile. */
  ends(): number;
}

export interface PassGrant {
  streamId: string;
  key: KeyGrant | undefined;
  /** Milliseconds since the epoch. */
  until: number;
}

interface Entry extends Pass {
  streamId: string;
  key: KeyGrant | undefined;
  /** Of its own. */
  until: number;
  /** Shared by the tokens of one viewer: the newest tells for all. */
  visit: { until: number };
}

/**
 * Playback tokens that were found good. A player sends its token with every request: to verify a signature each time would cost
 * more than the answer.
 */
export class Passes {
  /** By token, in the order of their last use. */
  #entries = new Map<string, Entry>();

  constructor(
    private readonly most: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** @returns undefined where it is not known, for another stream, or over */
  get(token: string, streamId: string, expiry?: 'expired too'): Pass | undefined {
    const entry = this.#entries.get(token);
    if (entry?.streamId !== streamId) return undefined;
    if (!expiry && entry.ends() <= this.now()) return undefined;
    this.#touch(token, entry);
    return entry;
  }

  /**
   * Keeps a token. Those that nobody has used for longest make way: they are verified again when they come again, which a token that
   * has expired itself, and goes on by another, cannot be.
   */
  add(token: string, { streamId, key, until }: PassGrant): Pass {
    const visit = { until };
    const entry: Entry = {
      streamId,
      key,
      until,
      visit,
      ends: () => Math.max(entry.until, entry.visit.until),
    };
    this.#touch(token, entry);
    if (this.#entries.size > this.most) this.#entries.delete(this.#entries.keys().next().value!);
    return entry;
  }

  /** From now on both are good for as long as the newer one. */
  join(before: string, token: string): void {
    const [first, second] = [this.#entries.get(before), this.#entries.get(token)];
    if (!first || !second) return;
    first.visit.until = Math.max(first.visit.until, second.visit.until);
    second.visit = first.visit;
  }

  /** Forgets those whose key does not stand any more. */
  keep(stands: (grant: PublishGrant) => boolean): void {
    for (const [token, entry] of this.#entries) {
      if (stands(entry)) continue;
      this.#entries.delete(token);
      // Responses under way hold the entry.
      entry.until = entry.visit.until = 0;
    }
  }

  #touch(token: string, entry: Entry): void {
    this.#entries.delete(token);
    this.#entries.set(token, entry);
  }
}
