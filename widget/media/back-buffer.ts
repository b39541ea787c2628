import type Hls from 'hls.js';
import type { Events } from 'hls.js';

/** Played media is kept for so long at least, and removed when there is so much, seconds. */
const KEEP = 10;
const MOST = 30;

/** Where a piece is under way whenever one has arrived, it is removed all the same when there is so much, seconds. */
const HARD_LIMIT = 90;

/**
 * Removes what was played, between two pieces. hls.js does it by itself at every segment's start, whatever is under way: a part
 * that is just being appended then makes it forget the parts of that segment which it has, so that it waits at the segment's
 * end for parts that nobody offers any more, and playback runs dry. (hls.js 1.7, `FragmentTracker.detectEvictedFragments`.)
 */
export class BackBuffer {
  readonly #video: HTMLVideoElement;
  readonly #hls: Hls;
  readonly #events: typeof Events;
  /** hls.js loads nothing, since something is being removed: others may pause and remove for reasons of their own. */
  #isPaused = false;

  constructor(video: HTMLVideoElement, hls: Hls, events: typeof Events) {
    this.#video = video;
    this.#hls = hls;
    this.#events = events;
    hls.on(events.FRAG_BUFFERED, () => this.#trim());
    hls.on(events.BUFFER_FLUSHED, () => this.#resume());
    // What was to be removed then is gone without a word.
    hls.on(events.MEDIA_DETACHING, () => this.#resume());
  }

  #trim(): void {
    const { buffered, currentTime } = this.#video;
    const length = buffered.length === 0 ? 0 : currentTime - buffered.start(0);
    if (length < MOST || this.#isPaused) return;
    const hls = this.#hls;
    if (hls.inFlightFragments.main.state !== 'IDLE' && length < HARD_LIMIT) return;
    // Removing takes some milliseconds; the next piece waits for it.
    this.#isPaused = true;
    hls.pauseBuffering();
    hls.trigger(this.#events.BUFFER_FLUSHING, { startOffset: 0, endOffset: currentTime - KEEP, type: null });
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#hls.resumeBuffering();
  }
}
