/** Reading and writing boxes of the ISO base media file format (ISO/IEC 14496-12 §4.2). */

const encoder = new TextEncoder();

/** A box found in a buffer. */
export interface Box {
  type: string;
  /** The whole box, header included. */
  bytes: Uint8Array;
  /** What follows its header. */
  body: Uint8Array;
}

export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The four-character code at an offset. */
export function fourCC(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}

/** A box header's size and type, or undefined while fewer bytes than the header are there. */
export function readBoxHeader(
  bytes: Uint8Array,
  offset = 0,
): { type: string; size: number; headerSize: number } | undefined {
  if (bytes.length - offset < 8) return undefined;
  const data = view(bytes);
  const size = data.getUint32(offset);
  const type = fourCC(bytes, offset + 4);
  if (size !== 1) return { type, size, headerSize: 8 };
  if (bytes.length - offset < 16) return undefined;
  return { type, size: Number(data.getBigUint64(offset + 8)), headerSize: 16 };
}

/**
 * The boxes that stand one after the other in a buffer.
 * @throws RangeError when one reaches past its end
 */
export function* readBoxes(bytes: Uint8Array): Generator<Box> {
  let offset = 0;
  while (offset < bytes.length) {
    const header = readBoxHeader(bytes, offset);
    if (!header) throw new RangeError(`a box header is cut off: ${bytes.length - offset} bytes left`);
    const end = offset + header.size;
    if (header.size < header.headerSize || end > bytes.length) {
      throw new RangeError(
        `box '${header.type}' says ${header.size} bytes, ${bytes.length - offset} are there`,
      );
    }
    const whole = bytes.subarray(offset, end);
    yield { type: header.type, bytes: whole, body: whole.subarray(header.headerSize) };
    offset = end;
  }
}

/** The first box reached by going down a path of types. */
export function findBox(bytes: Uint8Array, ...path: string[]): Box | undefined {
  const [type, ...rest] = path;
  for (const box of readBoxes(bytes)) {
    if (box.type !== type) continue;
    if (rest.length === 0) return box;
    const found = findBox(box.body, ...rest);
    if (found) return found;
  }
  return undefined;
}

/** One buffer of several. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Big-endian integers of a width in bytes. */
export const u8 = (...values: number[]): Uint8Array => Uint8Array.from(values);

export function u16(...values: number[]): Uint8Array {
  const out = new Uint8Array(values.length * 2);
  values.forEach((value, index) => view(out).setUint16(index * 2, value));
  return out;
}

export function u32(...values: number[]): Uint8Array {
  const out = new Uint8Array(values.length * 4);
  values.forEach((value, index) => view(out).setUint32(index * 4, value));
  return out;
}

export const ascii = (text: string): Uint8Array => encoder.encode(text);

/** A box of a type with everything given as its body. */
export function box(type: string, ...body: Uint8Array[]): Uint8Array {
  const size = body.reduce((sum, part) => sum + part.length, 8);
  return concat([u32(size), ascii(type), ...body]);
}

/** A box with a version and flags (§4.2.2). */
export function fullBox(type: string, version: number, flags: number, ...body: Uint8Array[]): Uint8Array {
  return box(type, u32((version << 24) | flags), ...body);
}
