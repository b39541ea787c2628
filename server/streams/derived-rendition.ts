import type { Rendition } from './rendition.js';

/** A rendition that is made from another one of its stream, and only while somebody asks for it. */
export interface DerivedRendition {
  /** A new one, with an epoch of its own, each time that it is made again. */
  readonly rendition: Rendition;
  /** Somebody wants it: it is made from now on, and for a while after it was wanted last. */
  demand(): void;
  /** The source still is what this can be made of. */
  readonly isOffered: boolean;
  /** The source begins a new run: this one follows it behind a discontinuity of its own. */
  follow(): void;
  /** Nothing more can be made. What there is stays playable to its end. */
  end(): void;
  /** Another process goes on with the stream: nothing more is made here, and what there is does not end. */
  suspend(): void;
}

/** Makes the one that a stream needs beside its source; undefined where it needs none, or none can be made. */
export type DeriveRendition = (source: Rendition, streamId: string) => DerivedRendition | undefined;
