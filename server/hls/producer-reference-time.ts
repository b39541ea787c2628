import { view } from './boxes.js';

/** Bytes of a `prft` box. */
export const PRFT_SIZE = 32;

/** From NTP's epoch, 1900, to that of JavaScript, seconds (RFC 5905 §6). */
const NTP_EPOCH = 2_208_988_800;

/** What a {@link writePrft} says: at which time a point of a track's timeline was produced. */
export interface ProducerReferenceTime {
  track: number;
  /** Milliseconds since the epoch. */
  date: number;
  /** The same moment in the track's timescale. */
  mediaTime: number;
}

/** Writes a Producer Reference Time box, version 1, over the first bytes of a buffer (ISO/IEC 14496-12 §8.16.5). */
export function writePrft(into: Uint8Array, { track, date, mediaTime }: ProducerReferenceTime): void {
  const data = view(into);
  data.setUint32(0, PRFT_SIZE);
  data.setUint32(4, 0x70726674); // 'prft'
  data.setUint32(8, 1 << 24);
  data.setUint32(12, track);
  data.setUint32(16, Math.floor(date / 1000) + NTP_EPOCH);
  data.setUint32(20, Math.floor(((date % 1000) / 1000) * 2 ** 32));
  data.setBigUint64(24, BigInt(mediaTime));
}
