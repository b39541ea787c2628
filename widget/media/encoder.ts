import type { StreamFormat } from '../../server/protocol.js';
import type { LivedropError } from '../errors.js';

/** What an {@link Encoder} tells of. */
export interface EncoderEvents {
  /** The next binary message of the stream. */
  onData(bytes: ArrayBuffer): void;
  /** It cannot go on; no data follows. */
  onError(error: LivedropError): void;
}

/** Makes a MediaStream's tracks into the binary messages of one stream format. */
export interface Encoder {
  /** Resolves with what `start-stream` must say, which may need the first encoded frames. */
  start(): Promise<StreamFormat>;
  /** Begins anew: the next data can be read without any that came before it. */
  restart(): void;
  /** Resolves after the last data. */
  stop(): Promise<void>;
}

/** Makes an encoder for a stream; `events` are called from `start()` on. */
export type EncoderFactory = (stream: MediaStream, events: EncoderEvents) => Encoder;
