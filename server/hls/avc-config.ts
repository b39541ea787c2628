import { concat, u16, u8, view } from './boxes.js';
import { readSps, type SequenceParameters } from './h264-sps.js';
import { nalType, NalType } from './h264-nal.js';

/** What an H.264 decoder has to know before the first frame. */
export interface AvcConfig {
  /** Bytes before each NAL unit of a sample. */
  lengthSize: 1 | 2 | 4;
  sps: Uint8Array[];
  pps: Uint8Array[];
}

/** The most parameter sets of a kind that an avcC has room for (ISO/IEC 14496-15 §5.3.3.1.2). */
export const MAX_SPS = 31;
export const MAX_PPS = 255;

/** The longest, bytes: its length has 16 bits there. */
const MAX_SET_BYTES = 0xffff;

/**
 * Reads an AVCDecoderConfigurationRecord, an avcC's body (ISO/IEC 14496-15 §5.3.3.1).
 * @throws RangeError saying what is wrong with it
 */
export function readAvcC(bytes: Uint8Array): AvcConfig {
  if (bytes.length < 7) throw new RangeError(`${bytes.length} bytes are too few`);
  if (bytes[0] !== 1) throw new RangeError(`its version is ${bytes[0]}, not 1`);
  const lengthSize = ((bytes[4] ?? 0) & 3) + 1;
  if (lengthSize === 3) throw new RangeError('NAL units have lengths of 3 bytes');
  let at = 5;
  const readSets = (count: number, type: number): Uint8Array[] => {
    const sets: Uint8Array[] = [];
    for (let index = 0; index < count; index++) {
      if (at + 2 > bytes.length) throw new RangeError('it ends before its parameter sets');
      const length = view(bytes).getUint16(at);
      const set = bytes.slice(at + 2, at + 2 + length);
      if (length === 0 || set.length < length) throw new RangeError('a parameter set is cut off');
      if (nalType(set) !== type) throw new RangeError(`NAL unit type ${nalType(set)} where ${type} belongs`);
      sets.push(set);
      at += 2 + length;
    }
    return sets;
  };
  const sps = readSets((bytes[at++] ?? 0) & 0x1f, NalType.SPS);
  if (at >= bytes.length) throw new RangeError('it ends before its picture parameter sets');
  const pps = readSets(bytes[at++] ?? 0, NalType.PPS);
  return { lengthSize: lengthSize as 1 | 2 | 4, sps, pps };
}

/**
 * Writes an avcC's body. Profile and level are those of the first sequence parameter set, whatever was said of them.
 * @throws RangeError when there is no sequence parameter set, or it is none, or the record has no room for all
 */
export function writeAvcC({ lengthSize, sps, pps }: AvcConfig): {
  avcC: Uint8Array;
  parameters: SequenceParameters;
} {
  if (!sps[0] || !pps[0]) throw new RangeError('a sequence and a picture parameter set are needed');
  checkRoom('sequence', sps, MAX_SPS);
  checkRoom('picture', pps, MAX_PPS);
  const parameters = readSps(sps[0]);
  const { profile, constraints, level, chromaFormat, bitDepth } = parameters;
  const sets = (list: readonly Uint8Array[]): Uint8Array[] => list.flatMap((set) => [u16(set.length), set]);
  const avcC = concat([
    u8(1, profile, constraints, level, 0xfc | (lengthSize - 1)),
    u8(0xe0 | sps.length),
    ...sets(sps),
    u8(pps.length),
    ...sets(pps),
    // From High on the record has these, too.
    ...(profile === 100 ? [u8(0xfc | chromaFormat, 0xf8 | (bitDepth - 8), 0xf8 | (bitDepth - 8), 0)] : []),
  ]);
  return { avcC, parameters };
}

/** What does not fit into its field would be written modulo the field's size. */
function checkRoom(kind: string, sets: readonly Uint8Array[], most: number): void {
  if (sets.length > most) throw new RangeError(`${sets.length} ${kind} parameter sets; the most is ${most}`);
  const long = sets.find(({ length }) => length > MAX_SET_BYTES);
  if (!long) return;
  throw new RangeError(`a ${kind} parameter set of ${long.length} bytes; the most is ${MAX_SET_BYTES}`);
}
