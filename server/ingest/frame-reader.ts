import { view } from '../hls/boxes.js';
import { UnusableFrame } from './frame-drops.js';

/** One message of the frames format: an encoded chunk behind its header. */
export interface Frame {
  /** Id of its track, as `start-stream` named it. */
  track: number;
  /** What its publisher says; video is judged by its content. */
  key: boolean;
  /** Of its presentation, microseconds on the publisher's clock. */
  timestamp: number;
  /** Microseconds; 0 = unknown. */
  duration: number;
  chunk: Uint8Array;
}

/** Bytes before the chunk. */
const FRAME_HEADER = 16;

const KEY_FLAG = 1;

/** Whether a message of the frames format says that it is a key frame. */
export function saysKey(message: Uint8Array): boolean {
  return ((message[1] ?? 0) & KEY_FLAG) !== 0;
}

/** Whether a message's timestamp is less than another's. */
export function isBefore(message: Uint8Array, other: Uint8Array): boolean {
  return message.length >= FRAME_HEADER && readFrame(message).timestamp < readFrame(other).timestamp;
}

/**
 * Reads a message of the frames format.
 * @throws UnusableFrame when it is none
 */
export function readFrame(message: Uint8Array): Frame {
  if (message.length < FRAME_HEADER) {
    throw new UnusableFrame(
      'short-header',
      `a message of ${message.length} bytes; ${FRAME_HEADER} bytes of header come before each chunk`,
    );
  }
  const data = view(message);
  const flags = data.getUint8(1);
  if ((flags & ~KEY_FLAG) !== 0 || data.getUint16(2) !== 0) {
    throw new UnusableFrame(
      'reserved-bits',
      `flags 0x${flags.toString(16)} and bytes 2–3 0x${data.getUint16(2).toString(16)}; all but bit 0 of the flags must be zero`,
    );
  }
  const timestamp = Number(data.getBigInt64(4));
  if (!Number.isSafeInteger(timestamp)) {
    throw new UnusableFrame(
      'timestamp-range',
      `timestamp ${timestamp} µs is centuries away; send microseconds`,
    );
  }
  const chunk = message.subarray(FRAME_HEADER);
  if (chunk.length === 0) throw new UnusableFrame('empty', 'a header without a chunk behind it');
  return {
    track: data.getUint8(0),
    key: (flags & KEY_FLAG) !== 0,
    timestamp,
    duration: data.getUint32(12),
    chunk,
  };
}
