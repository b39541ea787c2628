/** Bytes before the chunk in a message of the frames format. */
const HEADER = 16;

const KEY_FRAME = 1;

/** Track ids of what the widget sends. */
export const VIDEO_TRACK = 0;
export const AUDIO_TRACK = 1;

/** What a message of the frames format says before the chunk. */
export interface FrameHeader {
  trackId: number;
  isKey: boolean;
  /** Presentation time, microseconds. */
  timestamp: number;
  /** Microseconds; 0 = unknown. */
  duration: number;
}

/**
 * One binary message of the frames format: header and chunk, all integers big-endian.
 * @param chunk writes itself
 */
export function frameMessage(
  { trackId, isKey, timestamp, duration }: FrameHeader,
  chunk: { byteLength: number; copyTo(destination: Uint8Array): void },
): ArrayBuffer {
  const bytes = new ArrayBuffer(HEADER + chunk.byteLength);
  const view = new DataView(bytes);
  view.setUint8(0, trackId);
  view.setUint8(1, isKey ? KEY_FRAME : 0);
  view.setBigInt64(4, BigInt(Math.round(timestamp)));
  view.setUint32(12, Math.round(duration));
  chunk.copyTo(new Uint8Array(bytes, HEADER));
  return bytes;
}

/** Whether a decoder can begin with this message. Audio alone is no beginning: a picture belongs to it. */
export function isVideoKeyFrame(message: ArrayBuffer): boolean {
  if (message.byteLength < HEADER) return false;
  const view = new DataView(message);
  return view.getUint8(0) === VIDEO_TRACK && (view.getUint8(1) & KEY_FRAME) !== 0;
}

/** What a codec's description consists of. */
export function bytesOf(source: AllowSharedBufferSource): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}

/** base64, as track configurations carry a codec's description. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
