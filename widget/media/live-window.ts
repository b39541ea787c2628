import type Hls from 'hls.js';
import type { Events } from 'hls.js';

/** A position that is so little outside, seconds, is inside: times of media and playlist are rounded differently. */
const TOLERANCE = 0.25;

/**
 * Brings a playhead that stands outside of what the playlist offers back into it. hls.js does it itself where it has just asked
 * for a piece. While the server is away it stops asking (its playlist has expired); if the playlist that comes then begins behind
 * a discontinuity, as that of a server that was killed and started again, it looks for a piece at the old position forever.
 * (hls.js 1.7, `StreamController.onLevelLoaded`: `synchronizeToLiveEdge` only with `startFragRequested`.)
 */
export class LiveWindow {
  readonly #video: HTMLVideoElement;
  readonly #hls: Hls;

  constructor(video: HTMLVideoElement, hls: Hls, events: typeof Events) {
    this.#video = video;
    this.#hls = hls;
    hls.on(events.LEVEL_UPDATED, (_event, { details }) => {
      if (details.live) this.#enter(details.fragmentStart, details.edge);
    });
  }

  #enter(start: number, end: number): void {
    const video = this.#video;
    const { media, liveSyncPosition } = this.#hls;
    // Before there is metadata hls.js decides where to start; what is buffered may be played to its end first.
    if (media !== video || liveSyncPosition === null || video.readyState === HTMLMediaElement.HAVE_NOTHING)
      return;
    if (video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) return;
    const { currentTime } = video;
    if (currentTime < start - TOLERANCE || currentTime > end + TOLERANCE)
      video.currentTime = liveSyncPosition;
  }
}
