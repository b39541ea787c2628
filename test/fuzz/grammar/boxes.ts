import fc, { type Arbitrary } from 'fast-check';
import { concat, fourCC, readBoxHeader } from '../../../server/hls/boxes.js';
import { EDGES } from './bytes.js';

/** Boxes that hold boxes, with how much stands before those. */
const CONTAINERS: Record<string, number> = {
  moov: 0,
  trak: 0,
  mdia: 0,
  minf: 0,
  stbl: 0,
  mvex: 0,
  moof: 0,
  traf: 0,
  stsd: 8,
  avc1: 78,
  mp4a: 28,
};

interface Place {
  type: string;
  start: number;
  end: number;
}

/** One change to the boxes of a file: where a box is taken from or put, what it says of itself, or a number in it. */
export interface BoxEdit {
  /** Which of all boxes of the type, as a share; of all boxes where the file has none of it. */
  type: string;
  at: number;
  how: 'drop' | 'repeat' | 'swap' | 'size' | 'rename' | 'number' | 'cut';
  /** Of a number: where in the box, in steps of four bytes. */
  offset: number;
  value: number;
}

export const boxEdits: Arbitrary<BoxEdit[]> = fc.array(
  fc.record({
    type: fc.constantFrom(
      'moov',
      'mvhd',
      'tkhd',
      'mdhd',
      'stsd',
      'avc1',
      'avcC',
      'mp4a',
      'esds',
      'trex',
      'moof',
      'traf',
      'tfhd',
      'tfdt',
      'tfdt',
      'trun',
      'trun',
      'mdat',
      'any',
    ),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    how: fc.constantFrom('drop', 'repeat', 'swap', 'size', 'rename', 'number', 'number', 'number', 'cut'),
    offset: fc.nat(12),
    value: fc.oneof(fc.constantFrom(...EDGES), fc.nat(0xffff_ffff), fc.nat(200_000)),
  }),
  { minLength: 1, maxLength: 6 },
);

/** The file with its boxes changed. The sizes of boxes around a change stay true, but where the change is to a size. */
export function applyBoxEdits(file: Uint8Array, list: readonly BoxEdit[]): Uint8Array {
  return list.reduce<Uint8Array>(applyBoxEdit, Uint8Array.from(file));
}

function applyBoxEdit(bytes: Uint8Array, { type, at, how, offset, value }: BoxEdit): Uint8Array {
  const all = [...findPlaces(bytes, 0, bytes.length)];
  const some = all.filter((place) => place.type === type);
  const places = some.length > 0 ? some : all;
  const index = Math.floor(at * places.length);
  const place = places[index];
  if (!place) return bytes;
  const { start, end } = place;
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const box = bytes.subarray(start, end);
  switch (how) {
    case 'drop':
      return splice(bytes, place, new Uint8Array(0));
    case 'repeat':
      return splice(bytes, place, concat([box, box]));
    case 'cut':
      return splice(bytes, place, box.subarray(0, Math.min(box.length, 8 + offset)));
    case 'swap': {
      const other = places[index + 1];
      if (!other || other.start < end) return bytes;
      const between = bytes.subarray(end, other.start);
      return concat([
        bytes.subarray(0, start),
        bytes.subarray(other.start, other.end),
        between,
        box,
        bytes.subarray(other.end),
      ]);
    }
    case 'size':
      data.setUint32(start, value);
      return bytes;
    case 'rename':
      data.setUint32(start + 4, value);
      return bytes;
    case 'number':
      if (start + 12 + offset * 4 <= bytes.length) data.setUint32(start + 8 + offset * 4, value);
      return bytes;
  }
}

function* findPlaces(bytes: Uint8Array, from: number, to: number): Generator<Place> {
  for (let at = from; at < to;) {
    const header = readBoxHeader(bytes, at);
    if (!header || header.size < header.headerSize || at + header.size > to) return;
    const type = fourCC(bytes, at + 4);
    const end = at + header.size;
    yield { type, start: at, end };
    const skip = CONTAINERS[type];
    if (skip !== undefined) yield* findPlaces(bytes, at + header.headerSize + skip, end);
    at = end;
  }
}

/** Puts other bytes in a box's place, and makes the sizes of those around it right. */
function splice(bytes: Uint8Array, { start, end }: Place, by: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const data = new DataView(copy.buffer);
  for (const around of findPlaces(bytes, 0, bytes.length)) {
    if (around.start >= start || around.end < end) continue;
    data.setUint32(around.start, data.getUint32(around.start) + by.length - (end - start));
  }
  return concat([copy.subarray(0, start), by, copy.subarray(end)]);
}
