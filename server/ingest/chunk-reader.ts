import type { Track } from '../hls/sample.js';

/** What a chunk is, once it has been looked into. */
export interface ReadChunk {
  /** As it stands in the sample. */
  data: Uint8Array;
  /** Decoding can start here. */
  key: boolean;
  /** Audio only: its length in its track's timescale. */
  length?: number;
}

/** Makes samples of one track's chunks. */
export interface ChunkReader {
  /** What its samples belong to; undefined while it is not known. Changes with the chunk read last. */
  readonly track: Track | undefined;
  /** Too few chunks were read to tell whether they are what the track says. Default false. */
  readonly isUnproven?: boolean;
  /**
   * @throws UnusableFrame when the chunk is not what its track says
   * @throws LivestreamError UNSUPPORTED_FORMAT when what it says of itself cannot be played
   */
  read(chunk: Uint8Array): ReadChunk;
}
