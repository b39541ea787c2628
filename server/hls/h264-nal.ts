/** NAL units of H.264, as the frames of a track carry them. */

/** nal_unit_type (ITU-T H.264 table 7-1). */
export const NalType = { SLICE: 1, IDR: 5, SPS: 7, PPS: 8, DELIMITER: 9 } as const;

export const nalType = (nal: Uint8Array): number => (nal[0] ?? 0) & 0x1f;

/** Whether it holds a part of a picture: a slice, or a partition of one. */
export const isPicture = (nal: Uint8Array): boolean => nalType(nal) >= 1 && nalType(nal) <= 5;

/**
 * The NAL units of a sample, each behind its length (ISO/IEC 14496-15 §5.3.4.2).
 * @param lengthSize bytes of a length: 1, 2 or 4
 * @throws RangeError when a length reaches past the end, or is zero
 */
export function splitLengths(sample: Uint8Array, lengthSize: number): Uint8Array[] {
  const nals: Uint8Array[] = [];
  let at = 0;
  while (at < sample.length) {
    let length = 0;
    for (let index = 0; index < lengthSize; index++) length = length * 256 + (sample[at + index] ?? 0);
    const start = at + lengthSize;
    if (length === 0 || start + length > sample.length) {
      throw new RangeError(
        `a NAL unit of ${length} bytes where ${Math.max(0, sample.length - start)} are left`,
      );
    }
    nals.push(sample.subarray(start, start + length));
    at = start + length;
  }
  return nals;
}

/**
 * The NAL units of a byte stream, each behind a start code (ITU-T H.264 §B.1).
 * @throws RangeError when it does not begin with a start code
 */
export function splitStartCodes(stream: Uint8Array): Uint8Array[] {
  const nals: Uint8Array[] = [];
  let begin = -1;
  const finish = (end: number): void => {
    // trailing_zero_8bits, and the first byte of a start code of four.
    while (end > begin && stream[end - 1] === 0) end--;
    if (end > begin) nals.push(stream.subarray(begin, end));
  };
  for (let at = stream.indexOf(1, 2); at !== -1; at = stream.indexOf(1, at + 1)) {
    if (stream[at - 1] !== 0 || stream[at - 2] !== 0) continue;
    if (begin === -1) {
      if (stream.subarray(0, at).some((byte) => byte !== 0)) break;
    } else finish(at - 2);
    begin = at + 1;
  }
  if (begin === -1) throw new RangeError('it does not begin with a start code');
  finish(stream.length);
  return nals;
}

/** A sample of NAL units behind lengths of four bytes. */
export function joinLengths(nals: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const sample = new Uint8Array(nals.reduce((size, nal) => size + 4 + nal.length, 0));
  const data = new DataView(sample.buffer);
  let at = 0;
  for (const nal of nals) {
    data.setUint32(at, nal.length);
    sample.set(nal, at + 4);
    at += 4 + nal.length;
  }
  return sample;
}
