import { findBox, fourCC, readBoxes, view } from './boxes.js';
import type { Track } from './sample.js';

/** Bytes before the child boxes of a VisualSampleEntry and an AudioSampleEntry (ISO/IEC 14496-12 §12.1.3, §12.2.3). */
const VISUAL_ENTRY_HEADER = 8 + 78;
const AUDIO_ENTRY_HEADER = 8 + 28;

type Described = Pick<Track, 'kind' | 'codec' | 'width' | 'height' | 'sampleRate' | 'channels'>;

/**
 * What a sample entry says of its track, with the codec string of RFC 6381.
 * @throws TypeError when it is neither H.264, AAC nor Opus
 */
export function describeSampleEntry(entry: Uint8Array): Described {
  const type = fourCC(entry, 4);
  if (type === 'avc1') return describeAvc(entry);
  if (type === 'mp4a') return describeMp4a(entry);
  // Lower case in RFC 6381 strings: WebKit and Firefox refuse 'Opus'.
  if (type === 'Opus') return { ...describeAudio(entry), codec: 'opus' };
  throw new TypeError(`sample entry '${type}' is neither H.264 (avc1), AAC (mp4a) nor Opus`);
}

function describeAvc(entry: Uint8Array): Described {
  const avcC = findBox(entry.subarray(VISUAL_ENTRY_HEADER), 'avcC')?.body;
  if (!avcC || avcC.length < 7) throw new TypeError("sample entry 'avc1' has no usable avcC");
  // AVCProfileIndication, profile_compatibility, AVCLevelIndication (ISO/IEC 14496-15 §5.3.3.1).
  const hex = [...avcC.subarray(1, 4)].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase());
  const data = view(entry);
  return {
    kind: 'video',
    codec: `avc1.${hex.join('')}`,
    width: data.getUint16(32),
    height: data.getUint16(34),
  };
}

function describeMp4a(entry: Uint8Array): Described {
  const children = entry.subarray(AUDIO_ENTRY_HEADER);
  const esds = [...readBoxes(children)].find((child) => child.type === 'esds')?.body;
  if (!esds) throw new TypeError("sample entry 'mp4a' has no esds");
  return { ...describeAudio(entry), codec: `mp4a.40.${audioObjectType(esds.subarray(4))}` };
}

function describeAudio(entry: Uint8Array): Omit<Described, 'codec'> {
  const data = view(entry);
  return { kind: 'audio', sampleRate: data.getUint32(32) >>> 16, channels: data.getUint16(24) };
}

/** The audio object type of the AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1) inside an ES_Descriptor. */
function audioObjectType(descriptors: Uint8Array): number {
  const config = findDecoderSpecificInfo(descriptors);
  const first = config?.[0];
  if (first === undefined) throw new TypeError("sample entry 'mp4a' has no AudioSpecificConfig");
  const type = first >> 3;
  return type === 31 ? 32 + (((first & 7) << 3) | ((config?.[1] ?? 0) >> 5)) : type;
}

/** Walks ES_Descriptor (3), DecoderConfigDescriptor (4), DecoderSpecificInfo (5): ISO/IEC 14496-1 §7.2.6. */
function findDecoderSpecificInfo(bytes: Uint8Array): Uint8Array | undefined {
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
    if (tag === 3) return findDecoderSpecificInfo(body.subarray(3));
    if (tag === 4) return findDecoderSpecificInfo(body.subarray(13));
    offset += size;
  }
  return undefined;
}
