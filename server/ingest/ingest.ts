import type { LivestreamError } from '../errors.js';
import type { TrackConfig } from '../protocol.js';

/** Where in a file that comes in numbered messages another process can go on. */
export interface FilePlace {
  /** What the file begins with, and every part of it has to be read behind. */
  header: Uint8Array;
  /** The message, from the first that this ingest was given. */
  message: number;
  /** Of that message: bytes before the place. */
  offset: number;
}

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
  /**
   * Where the format has tracks: the configuration of one, for the messages after it.
   * @throws LivestreamError BAD_MESSAGE or UNSUPPORTED_FORMAT
   */
  configureTrack?(track: TrackConfig): void;
  /** Where the format has messages to begin with: whether another ingest could begin with this one, and miss nothing. */
  canBegin?(bytes: Uint8Array): boolean;
  /**
   * Where its tracks do not come in the order of their times: what came after the message with which another ingest will begin, and
   * belongs before it. That one leaves it out.
   * @param first that message
   * @param bytes the one that came now, if one did
   * @returns whether more may come
   */
  takeLate?(first: Uint8Array, bytes?: Uint8Array): boolean;
  /**
   * Where the format is a file: where another ingest could go on, and nothing that viewers have not seen would be missing.
   * @param isFinal all that came out so far will be seen
   * @returns undefined where there is no such place yet
   */
  place?(isFinal: boolean): FilePlace | undefined;
  /**
   * Where the format has timestamps: when one of them was captured.
   * @param timestamp microseconds
   * @param time of the server's clock, milliseconds since the epoch
   * @throws LivestreamError BAD_MESSAGE
   */
  setCaptureClock?(timestamp: number, time: number): void;
}

export interface IngestEvents {
  /** It cannot go on. Not called after `end` or `kill`. */
  onFailure(error: LivestreamError): void;
  /** Something was left out, of which the publisher should know. It goes on. */
  onNotice?(error: LivestreamError): void;
}
