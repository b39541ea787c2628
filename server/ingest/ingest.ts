import type { LivestreamError } from '../errors.js';

/** Turns a publisher's binary messages into a stream's samples; one for each format. */
export interface Ingest {
  /**
   * Takes the next message.
   * @returns false when it is slower than the publisher: read no more until {@link drained} resolves
   * @throws LivestreamError when the bytes cannot be what the format says
   */
  write(bytes: Uint8Array): boolean;
  /** Resolves when it takes messages again, or is gone. */
  drained(): Promise<void>;
  /** Resolves when everything written has been published. */
  end(): Promise<void>;
  /** Drops what it holds and stops. */
  kill(): void;
}

export interface IngestEvents {
  /** It cannot go on. Not called after `end` or `kill`. */
  onFailure(error: LivestreamError): void;
}
