import { LivestreamError } from '../errors.js';
import type { Limits } from '../options.js';

/** The limits of one kind: of all there are, of one stream's, of one address's. */
export interface QuotaLimits {
  all: keyof Limits;
  perStream?: keyof Limits;
  perAddress: keyof Limits;
}

/** Who takes one. */
export interface Holder {
  streamId?: string;
  /** Undefined: nobody knows, or this machine; no limit of an address applies. */
  address: string | undefined;
}

/** Something of which there may be so many at once. */
export class Quota {
  #all = 0;
  #byStream = new Map<string, number>();
  #byAddress = new Map<string, number>();

  /**
   * @param what in words, for errors
   * @param retryAfter seconds
   */
  constructor(
    private readonly what: string,
    private readonly names: QuotaLimits,
    private readonly limits: Limits,
    private readonly retryAfter: number,
  ) {}

  /**
   * Takes one.
   * @returns gives it back; may be called twice
   * @throws LivestreamError SERVER_FULL, or RATE_LIMITED where only this address has too many
   */
  take({ streamId, address }: Holder): () => void {
    const { all, perStream, perAddress } = this.names;
    if (address !== undefined) this.#check(perAddress, this.#byAddress.get(address), 'of your address');
    if (perStream && streamId !== undefined) {
      this.#check(perStream, this.#byStream.get(streamId), `of stream '${streamId}'`);
    }
    this.#check(all, this.#all, 'of this server');
    this.#add(1, streamId, address);
    let taken = true;
    return () => {
      if (taken) this.#add(-1, streamId, address);
      taken = false;
    };
  }

  /** What is used of each limit, by its name; of an address's by the one that has most. */
  get used(): Map<keyof Limits, number> {
    const { all, perStream, perAddress } = this.names;
    const used = new Map([[all, this.#all]]);
    if (perStream) used.set(perStream, most(this.#byStream));
    return used.set(perAddress, most(this.#byAddress));
  }

  #check(name: keyof Limits, used = 0, whose: string): void {
    if (used < this.limits[name]) return;
    throw new LivestreamError(
      name === this.names.perAddress ? 'RATE_LIMITED' : 'SERVER_FULL',
      `there are ${this.limits[name]} ${this.what} ${whose}, the most there may be; try again in ${this.retryAfter} s`,
      { limit: name, retryAfter: this.retryAfter },
    );
  }

  #add(one: 1 | -1, streamId: string | undefined, address: string | undefined): void {
    this.#all += one;
    if (this.names.perStream && streamId !== undefined) add(this.#byStream, streamId, one);
    if (address !== undefined) add(this.#byAddress, address, one);
  }
}

/** Keeps no key that counts nothing: there is one for each address that ever came. */
function add(counts: Map<string, number>, key: string, one: number): void {
  const count = (counts.get(key) ?? 0) + one;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

function most(counts: ReadonlyMap<string, number>): number {
  let result = 0;
  for (const count of counts.values()) result = Math.max(result, count);
  return result;
}
