import type { StreamStatus } from '../../server/protocol.js';

/** What a viewer is shown. */
export type PlayerState = 'connecting' | 'waiting' | 'live' | 'reconnecting' | 'ended' | 'error';

export interface PlayerFacts {
  /** Undefined until the server or the playlist told it. */
  status: StreamStatus | undefined;
  /** Something no waiting will mend. */
  failed: boolean;
  hasFrame: boolean;
  /** Not at the end, not stalled, not paused. */
  playing: boolean;
}

/**
 * What to show, from what is known. A stream that ended is shown until its last frame has played, and one
 * that waits again is not torn from the screen before it has.
 */
export function playerState({ status, failed, hasFrame, playing }: PlayerFacts): PlayerState {
  if (failed) return 'error';
  // The media may be faster than the word that there is a stream.
  if (status === undefined) return hasFrame && playing ? 'live' : 'connecting';
  if (status === 'ended') return hasFrame && playing ? 'live' : 'ended';
  return status;
}
