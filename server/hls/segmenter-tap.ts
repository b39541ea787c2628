import type { Run } from './media-segment.js';
import type { Sample, Track } from './sample.js';

/** A part as it was made. */
export interface TappedPart {
  /** What it holds. */
  runs: readonly Run[];
  /** Starts with a key frame of the primary track. */
  independent: boolean;
  /** Room for a `prft` box, then the very bytes that the window holds. */
  withRoom: Uint8Array<ArrayBuffer>;
}

/** Sees what a segmenter takes and makes, the moment it does. */
export interface SegmenterTap {
  /** A run of samples begins. Its init segment may be the one before. */
  onRun(tracks: readonly Track[], init: Uint8Array): void;
  /**
   * A sample on the stream's timeline, before it is in a part.
   * @param clockOffset wall clock less timeline, milliseconds
   */
  onSample(sample: Sample, clockOffset: number): void;
  /** A part that the window has just been given. */
  onPart(part: TappedPart, clockOffset: number): void;
  /** Nothing will follow. */
  onEnd(): void;
}
