import type { Page } from 'playwright-core';

/**
 * A way from a camera to a viewer, ready for any number of streams. All roads have the same camera, which shows the time,
 * and the same browser; what lies between is theirs.
 */
export interface Road {
  /** The head of its line, and what `--road` calls it. */
  readonly name: string;
  /**
   * Where `/demo/broadcast.html?stream=<id>` has one button, Go live, and `/demo/watch.html?stream=<id>` one video. No
   * slash at the end.
   */
  readonly url: string;
  /** Sets up a page that is about to be opened. */
  prepare(page: Page): Promise<void>;
  /** Resolves when a page that was opened to watch a stream that is not live yet waits for it. */
  waits(viewer: Page): Promise<void>;
  /** Opens a page that has everything to play a stream but no player, and `insertPlayer()`. */
  openEmpty(page: Page): Promise<void>;
  /** Ends the broadcaster's stream. Resolves when nothing of it goes on. */
  endStream(broadcaster: Page): Promise<void>;
  /** What went wrong behind the pages, in the stream that goes on. */
  problems(): string[];
  /** Leaves no process, socket or file. */
  close(): Promise<void>;
}

/** In a road's empty page. */
export interface EmptyPage extends Window {
  insertPlayer(streamId: string): Promise<HTMLVideoElement>;
}
