import type { Arena } from './arena.js';
import type { Random } from './random.js';
import type { Span } from './span.js';
import type { Target } from './target.js';

/** What one thing that goes wrong may do. */
export interface Promises {
  /** From the fault's end to viewers seeing something that was encoded after its beginning, seconds; undefined: nobody's pictures stop. */
  recovers?: number;
  /** Of which streams all samples encoded during and after it reach viewers, in order. */
  keepsSamples: 'all' | 'frames' | 'none';
  /** What viewers may notice at most: that nothing but time passed, or an EXT-X-DISCONTINUITY. They never see an end. */
  seam: 'none' | 'discontinuity';
  /** After a discontinuity viewers may see again what they saw, back to the last key frame. */
  repeats?: boolean;
  /** A player whose own network was gone may load its media anew. */
  reloads?: boolean;
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
  /** Not done by `--quick`: it takes long, or another one is much like it. */
  isLeftOut?: boolean;
  /** Every stream of the server is hit by it: there are no others. */
  hitsAll?: boolean;
  /** Why it cannot be had here. */
  missing?(arena: Arena): Promise<string | undefined>;
  /** What it is done to; undefined: to the server alone. */
  prepare(arena: Arena): Promise<T>;
  /**
   * Does it, and takes it back.
   * @throws Error where the server, or what was hit, does not do what it should
   */
  inject(target: T, arena: Arena, random: Random): Promise<Span>;
}

/** Keeps what `prepare` gives and what `inject` takes together. */
export function fault<T extends Target | undefined>(definition: Fault<T>): Fault {
  return definition;
}
