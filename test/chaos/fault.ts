import type { Arena } from './arena.js';
import type { Random } from './random.js';
import type { Target } from './target.js';

/** What one thing that goes wrong may do. */
export interface Promises {
  /** From the fault's end to viewers seeing something newer, seconds; undefined: nobody's pictures stop. */
  recovers?: number;
  /** All samples encoded during and after it reach viewers, in order, none twice. */
  keepsSamples: boolean;
  /** What viewers may notice at most: that nothing but time passed, or an EXT-X-DISCONTINUITY. They never see an end. */
  seam: 'none' | 'discontinuity';
}

/** Something that goes wrong. Each is an entry in one of `faults/`, and of `faults.ts`. */
export interface Fault<T extends Target | undefined = Target | undefined> {
  /** For `--only`. */
  name: string;
  /** What it is, in a few words. */
  title: string;
  promises: Promises;
  /** How often in a full run. Default 3. */
  times?: number;
  /** Takes too long for `--quick`. */
  isLong?: boolean;
  /** Every stream of the server is hit by it: there are no others. */
  hitsAll?: boolean;
  /** Why it cannot be had here. */
  missing?(arena: Arena): Promise<string | undefined>;
  /** What it is done to; undefined: to the server alone. */
  prepare(arena: Arena): Promise<T>;
  /**
   * Does it, and takes it back.
   * @returns when it was over, milliseconds since the epoch: recovery counts from there
   * @throws Error where the server, or what was hit, does not do what it should
   */
  inject(target: T, arena: Arena, random: Random): Promise<number>;
}

/** Keeps what `prepare` gives and what `inject` takes together. */
export function fault<T extends Target | undefined>(definition: Fault<T>): Fault {
  return definition;
}
