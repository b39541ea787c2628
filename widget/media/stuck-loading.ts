/** Playlists that are so far ahead of the buffer, seconds, have media that should have been loaded. */
const AHEAD = 0.5;

/** Nobody waits less than this for a piece, seconds, nor less than so many pieces' durations. */
const MIN_PATIENCE = 1;
const PATIENCE_PIECES = 3;

/** All times in seconds. */
export interface LoadingInput {
  now: number;
  /** Whether playback waits for data. */
  isStarved: boolean;
  /** Media time; undefined: nothing. */
  bufferedEnd: number | undefined;
  /** End of what the playlist offers, media time; undefined: not known. */
  playlistEnd: number | undefined;
  /** Of what is loaded at a time: a part, or a segment. */
  pieceDuration: number;
}

/**
 * Notices that loading is stuck: playback waits, the playlist has more, and nothing arrives. hls.js is caught so where it
 * changes over from segments to their parts at the end of a segment that is some milliseconds short.
 */
export class StuckLoading {
  #since: number | undefined;
  #bufferedEnd: number | undefined;
  /** Doubles each time that it did not help: the network may just be slow. */
  #patienceFactor = 1;

  /** @returns whether to load from somewhere else; then the patience begins anew */
  update({ now, isStarved, bufferedEnd, playlistEnd, pieceDuration }: LoadingInput): boolean {
    const hasMore = playlistEnd !== undefined && playlistEnd > (bufferedEnd ?? 0) + AHEAD;
    const hasArrived = bufferedEnd !== this.#bufferedEnd;
    if (hasArrived) this.#patienceFactor = 1;
    this.#bufferedEnd = bufferedEnd;
    if (!isStarved || !hasMore || hasArrived) {
      this.#since = undefined;
      return false;
    }
    this.#since ??= now;
    const patience = Math.max(MIN_PATIENCE, PATIENCE_PIECES * pieceDuration) * this.#patienceFactor;
    if (now - this.#since < patience) return false;
    this.#since = undefined;
    this.#patienceFactor *= 2;
    return true;
  }
}
