import { box, concat, fullBox, u16, u32, u8 } from './boxes.js';

/**
 * The sample entry of H.264 whose parameter sets are all in the avcC (ISO/IEC 14496-15 §5.4.2.1).
 * @param avcC the body of its `avcC` box
 */
export function avc1Entry(avcC: Uint8Array, width: number, height: number): Uint8Array {
  return box(
    'avc1',
    u32(0),
    // data_reference_index 1, then what is pre-defined or reserved.
    u16(0, 1, 0, 0),
    u32(0, 0, 0),
    u16(width, height),
    // 72 dots an inch, one frame a sample, no compressor's name (ISO/IEC 14496-12 §12.1.3).
    u32(0x480000, 0x480000, 0),
    u16(1),
    new Uint8Array(32),
    u16(0x18, 0xffff),
    box('avcC', avcC),
  );
}

/**
 * The sample entry of AAC (ISO/IEC 14496-14 §5.6.1).
 * @param config an AudioSpecificConfig
 */
export function mp4aEntry(config: Uint8Array, sampleRate: number, channels: number): Uint8Array {
  const specific = descriptor(5, config);
  // objectTypeIndication: Audio ISO/IEC 14496-3; an audio stream; buffer size and rates are not known.
  const decoder = descriptor(4, u8(0x40, 0x15, 0, 0, 0), u32(0, 0), specific);
  // SLConfigDescriptor: predefined, as MP4 files have it.
  const stream = descriptor(3, u16(0), u8(0), decoder, descriptor(6, u8(2)));
  return audioEntry('mp4a', sampleRate, channels, fullBox('esds', 0, 0, stream));
}

/**
 * The sample entry of Opus (Encapsulation of Opus in ISO Base Media File Format §4.3.1).
 * @param dOps the body of its `dOps` box
 */
export function opusEntry(dOps: Uint8Array, channels: number): Uint8Array {
  return audioEntry('Opus', 48_000, channels, box('dOps', dOps));
}

function audioEntry(type: string, sampleRate: number, channels: number, config: Uint8Array): Uint8Array {
  // A rate of more than 16 bits stands in the codec's configuration alone.
  const rate = sampleRate > 0xffff ? 0 : sampleRate;
  return box(type, u32(0), u16(0, 1), u32(0, 0), u16(channels, 16, 0, 0), u16(rate, 0), config);
}

/** A descriptor of ISO/IEC 14496-1 §8.3.3, its size in one byte. */
function descriptor(tag: number, ...body: Uint8Array[]): Uint8Array {
  const content = concat(body);
  if (content.length > 127) throw new RangeError(`a descriptor of ${content.length} bytes; the most is 127`);
  return concat([u8(tag, content.length), content]);
}
