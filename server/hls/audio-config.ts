import { BitReader } from './bit-reader.js';
import { concat, fourCC, u16, u32, u8, view } from './boxes.js';

/** What an AudioSpecificConfig says (ISO/IEC 14496-3 §1.6.2.1). */
export interface AacConfig {
  /** 2 is AAC-LC. */
  objectType: number;
  /** In hertz. */
  sampleRate: number;
  /** 1 mono, 2 stereo, … 7 is 7.1; 0 is told in the frames. */
  channelConfiguration: number;
}

/** §1.6.3.4 */
const SAMPLE_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];

/** @throws RangeError when it is none */
export function readAudioSpecificConfig(bytes: Uint8Array): AacConfig {
  const reader = new BitReader(bytes);
  let objectType = reader.bits(5);
  if (objectType === 31) objectType = 32 + reader.bits(6);
  const index = reader.bits(4);
  const sampleRate = index === 15 ? reader.bits(24) : SAMPLE_RATES[index];
  if (!sampleRate) throw new RangeError(`sampling frequency index ${index} does not exist`);
  return { objectType, sampleRate, channelConfiguration: reader.bits(4) };
}

/**
 * The AudioSpecificConfig of AAC-LC.
 * @throws RangeError for a number of channels that AAC has no configuration for
 */
export function writeAudioSpecificConfig(sampleRate: number, channels: number): Uint8Array {
  const configuration = channels === 8 ? 7 : channels;
  if (channels < 1 || configuration > 7)
    throw new RangeError(`AAC has no configuration for ${channels} channels`);
  const index = SAMPLE_RATES.indexOf(sampleRate);
  if (index !== -1) return u16((2 << 11) | (index << 7) | (configuration << 3));
  // AAC-LC, index 15, 24 bits of rate, channels and three zero bits: five bytes.
  return concat([
    u32(((2 << 27) | (15 << 23) | (sampleRate >>> 1)) >>> 0),
    u8(((sampleRate & 1) << 7) | (configuration << 3)),
  ]);
}

/** What an AAC frame says of itself where it has an ADTS header (ISO/IEC 13818-7 §6.2). */
export function stripAdts(chunk: Uint8Array): Uint8Array {
  // No raw frame begins so: its first three bits would be those of its end.
  if (chunk[0] !== 0xff || ((chunk[1] ?? 0) & 0xf6) !== 0xf0) return chunk;
  return chunk.subarray((chunk[1] ?? 0) & 1 ? 7 : 9);
}

/** Elements of a raw_data_block (ISO/IEC 14496-3 table 4.85). */
const SINGLE_CHANNEL = 0;
const CHANNEL_PAIR = 1;
const DATA_STREAM = 4;
const FILL = 6;

/**
 * Whether an AAC frame may be one: whether the first of its elements that is not there to fill it, or to tell something, is the one that its
 * channelConfiguration begins with (ISO/IEC 14496-3 §4.4.2.1, table 1.19). What is in it only a decoder knows.
 */
export function isAacFrame(frame: Uint8Array, { channelConfiguration }: AacConfig): boolean {
  const reader = new BitReader(frame);
  const expected = channelConfiguration === 2 ? CHANNEL_PAIR : SINGLE_CHANNEL;
  try {
    let element = reader.bits(3);
    for (; element === FILL || element === DATA_STREAM; element = reader.bits(3)) {
      if (element === FILL) skipFill(reader);
      else skipData(reader);
    }
    return element === expected;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function skipFill(reader: BitReader): void {
  const count = reader.bits(4);
  reader.skip(8 * (count === 15 ? 14 + reader.bits(8) : count));
}

function skipData(reader: BitReader): void {
  reader.skip(4);
  const isAligned = reader.flag();
  const count = reader.bits(8);
  const length = count === 255 ? 255 + reader.bits(8) : count;
  if (isAligned) reader.align();
  reader.skip(8 * length);
}

/** An Opus decoder's configuration (RFC 7845 §5.1). */
export interface OpusConfig {
  channels: number;
  /** In each packet, one after the other (RFC 7845 §3). */
  streams: number;
  /** The body of a `dOps` box: Encapsulation of Opus in ISO Base Media File Format §4.3.2. */
  dOps: Uint8Array;
}

/** Samples at 48 kHz that libopus adds in front. */
const DEFAULT_PRE_SKIP = 312;

/**
 * The InputSampleRate that is written, whatever the sound was before it was encoded: nothing decodes by it, but Chromium
 * refuses a sample entry, which is always of 48 kHz, that has another in its `dOps`.
 */
const INPUT_SAMPLE_RATE = 48_000;

/** @throws RangeError when it is no identification header */
export function readOpusHead(bytes: Uint8Array): OpusConfig {
  if (bytes.length < 19 || fourCC(bytes, 0) + fourCC(bytes, 4) !== 'OpusHead') {
    throw new RangeError("it does not begin with 'OpusHead'");
  }
  const data = view(bytes);
  const channels = data.getUint8(9);
  const family = data.getUint8(18);
  if (data.getUint8(8) > 15) throw new RangeError(`its version is ${data.getUint8(8)}`);
  if (channels === 0 || (family === 0 && channels > 2)) {
    throw new RangeError(`mapping family ${family} has no ${channels} channels`);
  }
  const table = family === 0 ? new Uint8Array(0) : bytes.slice(19, 21 + channels);
  if (family !== 0 && table.length < 2 + channels)
    throw new RangeError('its channel mapping table is cut off');
  const dOps = concat([
    u8(0, channels),
    u16(data.getUint16(10, true)),
    u32(INPUT_SAMPLE_RATE),
    u16(data.getUint16(16, true)),
    u8(family),
    table,
  ]);
  return { channels, streams: table[0] ?? 1, dOps };
}

/**
 * The configuration of mono or stereo Opus.
 * @throws RangeError for more channels: their mapping cannot be guessed
 */
export function writeOpusConfig(channels: number): OpusConfig {
  if (channels > 2) throw new RangeError(`the mapping of ${channels} channels is not known`);
  const dOps = concat([u8(0, channels), u16(DEFAULT_PRE_SKIP), u32(INPUT_SAMPLE_RATE), u16(0), u8(0)]);
  return { channels, streams: 1, dOps };
}
