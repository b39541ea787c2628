import type { Size } from './frame-size.js';

/** To the worker that composes. */
export type CompositorCommand =
  | { type: 'start'; size: Size; frameRate: number; writable: WritableStream<VideoFrame> }
  /** A source that may be shown from now on. */
  | { type: 'source'; id: number; readable: ReadableStream<VideoFrame> }
  | { type: 'release'; id: number }
  | { type: 'show'; main: number | undefined; inset: number | undefined };
