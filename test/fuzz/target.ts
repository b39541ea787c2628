import type { IAsyncPropertyWithHooks } from 'fast-check';

/** What a target's cases must not do, whatever their input. */
export type Property = IAsyncPropertyWithHooks<[unknown]>;

/** One door of the server that anything may come through. */
export interface FuzzTarget {
  /** Of `--only`. */
  name: string;
  title: string;
  /** Takes a process of its own and ffmpeg: slower by far. */
  isReal?: boolean;
  /** @returns the property, and what is to be done when all cases are over */
  prepare(): Promise<{ property: Property; close?(): Promise<void> }>;
}
