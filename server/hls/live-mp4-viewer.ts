/** Where an endless response goes. It keeps what its client has not taken. */
export interface LiveSink {
  /** Bytes written and not taken. */
  readonly queued: number;
  write(bytes: Uint8Array): void;
  /** Nothing will follow. */
  end(): void;
  /**
   * Breaks the response off, so that its client sees that it is not whole, and forgets what was not taken.
   * @param limit that its client has reached
   */
  abort(reason: Error, limit: keyof LiveViewerLimits): void;
  /** What its client is behind by is left out. */
  skipped?(): void;
}

/** What a viewer that cannot keep up is allowed. */
export interface LiveViewerLimits {
  /** Bytes that may wait for it. */
  maxLiveBacklogBytes: number;
  /** How often it is moved to the next key frame before it is disconnected. */
  maxLiveSkips: number;
  /** How long it may take nothing, seconds. */
  liveStallTime: number;
}

/** A piece of the endless MP4, the same for all who watch. */
export interface LiveFragment {
  bytes: Uint8Array;
  /** Playback can start with it. */
  independent: boolean;
}

/** A viewer that kept up for so long has its skips forgiven, milliseconds. */
const FORGIVEN_AFTER = 60_000;

/**
 * One response of the endless MP4. One that cannot keep up is moved to the next key frame, and disconnected when that
 * does not help. It is judged when there is something to send, so that a viewer costs no timer here.
 */
export class LiveViewer {
  /** It is sent nothing before the next key frame. */
  #waiting = false;
  #behindSince = 0;
  #skips = 0;
  #lastSkip = -Infinity;

  constructor(
    private readonly sink: LiveSink,
    private readonly limits: LiveViewerLimits,
  ) {}

  /** Bytes that may wait for it. */
  get room(): number {
    return this.limits.maxLiveBacklogBytes;
  }

  /**
   * The first bytes.
   * @param waiting they end where no fragment can follow but one that starts with a key frame
   */
  open(bytes: Uint8Array, waiting: boolean): void {
    this.#waiting = waiting;
    this.sink.write(bytes);
  }

  /**
   * @param now milliseconds of any clock that does not go back
   * @returns false when the viewer was disconnected
   */
  push({ bytes, independent }: LiveFragment, now: number): boolean {
    if (this.#waiting) {
      if (this.sink.queued > this.room / 2) return this.#isPatient(now);
      this.#behindSince = now;
      if (!independent) return true;
      this.#waiting = false;
    } else if (this.sink.queued > this.room) {
      return this.#skip(now);
    }
    this.sink.write(bytes);
    return true;
  }

  /** Nothing will follow. One that is behind would keep what it is to be sent for as long as its connection lasts. */
  end(): void {
    if (this.sink.queued > this.room / 2)
      this.#disconnect('the stream ended while the viewer was behind', 'maxLiveBacklogBytes');
    else this.sink.end();
  }

  #disconnect(reason: string, limit: keyof LiveViewerLimits): void {
    const error = new Error(reason);
    // Some servers print it: one line for a viewer is enough.
    delete error.stack;
    this.sink.abort(error, limit);
  }

  #skip(now: number): boolean {
    if (now - this.#lastSkip > FORGIVEN_AFTER) this.#skips = 0;
    this.#lastSkip = now;
    this.#waiting = true;
    this.#behindSince = now;
    this.sink.skipped?.();
    if (++this.#skips <= this.limits.maxLiveSkips) return true;
    this.#disconnect(`the viewer could not keep up ${this.#skips} times`, 'maxLiveSkips');
    return false;
  }

  #isPatient(now: number): boolean {
    if (now - this.#behindSince <= this.limits.liveStallTime * 1000) return true;
    this.#disconnect(`the viewer was behind for ${this.limits.liveStallTime} s`, 'liveStallTime');
    return false;
  }
}
