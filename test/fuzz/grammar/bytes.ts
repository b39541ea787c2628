import { concat } from '../../../server/hls/boxes.js';
import fc, { type Arbitrary } from 'fast-check';

/** Numbers at which something ends. */
export const EDGES = [
  0, 1, 2, 7, 8, 15, 16, 127, 128, 255, 256, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe,
  0xffff_ffff,
];

/** One change to some bytes. A list of them is short, and gets shorter when a case fails: the bytes themselves would not say much. */
export type Edit =
  | { how: 'flip'; at: number; bit: number }
  | { how: 'number'; at: number; value: number }
  | { how: 'fill'; at: number; length: number; byte: number }
  | { how: 'cut'; at: number; length: number }
  | { how: 'repeat'; at: number; length: number }
  | { how: 'insert'; at: number; bytes: number[] }
  | { how: 'end'; at: number };

/** Where, as a share of the whole. */
const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const length = fc.oneof(fc.nat(64), fc.nat(20_000));

const edit: Arbitrary<Edit> = fc.oneof(
  fc.record({ how: fc.constant('flip' as const), at: share, bit: fc.nat(7) }),
  fc.record({ how: fc.constant('number' as const), at: share, value: fc.constantFrom(...EDGES) }),
  fc.record({
    how: fc.constant('fill' as const),
    at: share,
    length,
    byte: fc.constantFrom(0, 0xff, 0x47, 0xa5),
  }),
  fc.record({ how: fc.constant('cut' as const), at: share, length }),
  fc.record({ how: fc.constant('repeat' as const), at: share, length }),
  fc.record({
    how: fc.constant('insert' as const),
    at: share,
    bytes: fc.array(fc.nat(255), { maxLength: 40 }),
  }),
  fc.record({ how: fc.constant('end' as const), at: share }),
);

/** Changes to make to some bytes. @param most how many */
export const edits = (most = 6): Arbitrary<Edit[]> => fc.array(edit, { maxLength: most });

/** The bytes with the changes made, one after the other. */
export function applyEdits(bytes: Uint8Array, list: readonly Edit[]): Uint8Array {
  return list.reduce<Uint8Array>((before, each) => apply(before, each), Uint8Array.from(bytes));
}

function apply(bytes: Uint8Array, each: Edit): Uint8Array {
  const at = Math.floor(each.at * bytes.length);
  const splice = (removed: number, added: Uint8Array): Uint8Array =>
    concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
  switch (each.how) {
    case 'flip':
      if (bytes.length > 0) bytes[at]! ^= 1 << each.bit;
      return bytes;
    case 'number':
      if (at + 4 <= bytes.length) new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, each.value);
      return bytes;
    case 'fill':
      return bytes.fill(each.byte, at, at + each.length);
    case 'cut':
      return splice(each.length, new Uint8Array(0));
    case 'repeat':
      return splice(0, bytes.slice(at, at + each.length));
    case 'insert':
      return splice(0, Uint8Array.from(each.bytes));
    case 'end':
      return bytes.subarray(0, at);
  }
}

/** The bytes in pieces of these lengths, again and again. */
export function* inPieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = Math.max(1, sizes[index % sizes.length] ?? bytes.length);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** Lengths of pieces. */
export const pieces: Arbitrary<number[]> = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 100_000 })),
  {
    minLength: 1,
    maxLength: 8,
  },
);
