import type { Track } from '../../server/hls/sample.js';
import { Ledger, type Balance, type Encoded, type SeenPart } from './ledger.js';

/** A ledger for each track of a stream whose samples reach viewers as they were encoded. */
export class TrackLedgers {
  readonly #video = new Ledger();
  readonly #audio: Ledger | undefined;
  readonly #all: readonly Ledger[];

  /** @param comparesSound not where the server's ffmpeg encodes it anew, nor where nobody notes it */
  constructor(comparesSound: boolean) {
    this.#audio = comparesSound ? new Ledger() : undefined;
    this.#all = this.#audio ? [this.#video, this.#audio] : [this.#video];
  }

  encode(kind: Track['kind'], sample: Encoded): void {
    this.#of(kind)?.encode(sample);
  }

  see(kind: Track['kind'], part: SeenPart): void {
    if (part.digests.length > 0) this.#of(kind)?.see(part);
  }

  /** See {@link Ledger.knownUntil}. */
  set knownUntil(time: number) {
    for (const ledger of this.#all) ledger.knownUntil = time;
  }

  /** Of pictures. */
  get encodedCount(): number {
    return this.#video.encodedCount;
  }

  /** See {@link Ledger.isPast}: of all tracks. */
  isPast(time: number): boolean {
    return this.#all.every((ledger) => ledger.isPast(time));
  }

  /** See {@link Ledger.firstSeen}: of pictures. */
  firstSeen(encodedFrom: number, seenFrom?: number): number | undefined {
    return this.#video.firstSeen(encodedFrom, seenFrom);
  }

  /** See {@link Ledger.balance}: of all tracks together, with the pictures' delays. */
  balance(until?: number): Balance {
    const balances = this.#all.map((ledger) => ledger.balance(until));
    const sum = (of: 'lost' | 'repeated' | 'altered'): number =>
      balances.reduce((total, balance) => total + balance[of], 0);
    return {
      lost: sum('lost'),
      repeated: sum('repeated'),
      altered: sum('altered'),
      delays: balances[0]!.delays,
    };
  }

  #of(kind: Track['kind']): Ledger | undefined {
    return kind === 'video' ? this.#video : this.#audio;
  }
}
