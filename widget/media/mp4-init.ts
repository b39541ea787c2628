/** Bytes before the child boxes of a VisualSampleEntry and an AudioSampleEntry (ISO/IEC 14496-12 §12.1.3, §12.2.3). */
const VISUAL_ENTRY_FIELDS = 78;
const AUDIO_ENTRY_FIELDS = 28;

/** A track of an init segment. */
export interface Mp4Track {
  id: number;
  /** Units a second. */
  timescale: number;
  /** RFC 6381, for example `avc1.42E01F`; the sample entry's four letters where it is not known better. */
  codec: string;
}

/** A box's type and what follows its header. */
export interface Mp4Box {
  type: string;
  body: Uint8Array;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The four-character code at an offset. */
export function typeAt(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}

/** The boxes that stand one after the other in a buffer, as far as they are whole. */
export function* childBoxes(bytes: Uint8Array): Generator<Mp4Box> {
  const view = viewOf(bytes);
  let offset = 0;
  while (offset + 8 <= bytes.length) {
    const size = view.getUint32(offset);
    if (size < 8 || offset + size > bytes.length) return;
    yield { type: typeAt(bytes, offset + 4), body: bytes.subarray(offset + 8, offset + size) };
    offset += size;
  }
}

/** The first box reached by going down a path of types. */
export function boxAt(bytes: Uint8Array, ...path: string[]): Uint8Array | undefined {
  const [type, ...rest] = path;
  for (const child of childBoxes(bytes)) {
    if (child.type === type) return rest.length > 0 ? boxAt(child.body, ...rest) : child.body;
  }
  return undefined;
}

/**
 * The tracks of a `moov` (ISO/IEC 14496-12 §8.2.1).
 * @param moov its body
 */
export function initTracks(moov: Uint8Array): Mp4Track[] {
  const tracks: Mp4Track[] = [];
  for (const { type, body } of childBoxes(moov)) {
    if (type !== 'trak') continue;
    const header = boxAt(body, 'tkhd');
    const media = boxAt(body, 'mdia', 'mdhd');
    const descriptions = boxAt(body, 'mdia', 'minf', 'stbl', 'stsd');
    if (!header || !media || !descriptions) continue;
    // Version 1 has times of 64 bits (§8.3.2, §8.4.2).
    const id = viewOf(header).getUint32(header[0] === 1 ? 20 : 12);
    const timescale = viewOf(media).getUint32(media[0] === 1 ? 20 : 12);
    tracks.push({ id, timescale, codec: codecOf(descriptions.subarray(8)) });
  }
  return tracks;
}

function codecOf(descriptions: Uint8Array): string {
  const entry = childBoxes(descriptions).next().value;
  if (!entry) return '';
  const { type, body } = entry;
  if (type === 'avc1' || type === 'avc3') {
    // AVCProfileIndication, profile_compatibility, AVCLevelIndication (ISO/IEC 14496-15 §5.3.3.1).
    const avcC = boxAt(body.subarray(VISUAL_ENTRY_FIELDS), 'avcC');
    if (!avcC || avcC.length < 4) return type;
    const hex = [...avcC.subarray(1, 4)].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase());
    return `${type}.${hex.join('')}`;
  }
  if (type === 'mp4a') return `mp4a.40.${audioObjectType(body)}`;
  return type === 'Opus' ? 'opus' : type;
}

/** The audio object type (ISO/IEC 14496-3 §1.6.2.1); 2, AAC-LC, where it is not told. */
function audioObjectType(entry: Uint8Array): number {
  const esds = boxAt(entry.subarray(AUDIO_ENTRY_FIELDS), 'esds');
  const config = esds && decoderConfig(esds.subarray(4));
  const first = config?.[0];
  if (first === undefined) return 2;
  const type = first >> 3;
  return type === 31 ? 32 + (((first & 7) << 3) | ((config?.[1] ?? 0) >> 5)) : type;
}

/** Walks ES_Descriptor (3), DecoderConfigDescriptor (4), DecoderSpecificInfo (5): ISO/IEC 14496-1 §7.2.6. */
function decoderConfig(bytes: Uint8Array): Uint8Array | undefined {
  let offset = 0;
  while (offset + 2 <= bytes.length) {
    const tag = bytes[offset++];
    let size = 0;
    let more = true;
    while (more && offset < bytes.length) {
      const byte = bytes[offset++] ?? 0;
      size = (size << 7) | (byte & 0x7f);
      more = (byte & 0x80) !== 0;
    }
    const body = bytes.subarray(offset, offset + size);
    if (tag === 5) return body;
    if (tag === 3) return decoderConfig(body.subarray(3));
    if (tag === 4) return decoderConfig(body.subarray(13));
    offset += size;
  }
  return undefined;
}
