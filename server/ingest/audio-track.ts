import { LivestreamError } from '../errors.js';
import {
  isAacFrame,
  readAudioSpecificConfig,
  readOpusHead,
  stripAdts,
  writeAudioSpecificConfig,
  writeOpusConfig,
} from '../hls/audio-config.js';
import { opusSamples } from '../hls/opus-packet.js';
import { mp4aEntry, opusEntry } from '../hls/sample-entry-writer.js';
import type { Track } from '../hls/sample.js';
import type { AudioTrackConfig } from '../protocol.js';
import { readDescription } from './description.js';
import { UnusableFrame } from './frame-drops.js';
import type { ChunkReader } from './chunk-reader.js';

/** AAC-LC. */
const LOW_COMPLEXITY = 2;

/** Samples of a frame of AAC-LC. */
const AAC_SAMPLES = 1024;

/** An AAC frame's length has 13 bits in ADTS; an Opus packet has at most 48 frames of 1275 bytes (RFC 6716 §3.4). */
const MAX_AAC_BYTES = 8191;
const MAX_OPUS_BYTES = 48 * 1277;

/** So many right packets of Opus in a row are no accident: some frames of AAC look like one. */
const BELIEVED = 50;

/** … nor so many at the beginning: no more than are there before the first part anyway. */
const PROVEN = 5;

/** Channels by channelConfiguration (ISO/IEC 14496-3 table 1.19). */
const AAC_CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8];

/** @throws LivestreamError UNSUPPORTED_FORMAT or BAD_MESSAGE */
export function readAudioTrack(config: AudioTrackConfig, id: number): ChunkReader {
  const codec = config.codec.toLowerCase();
  if (codec === 'mp4a.40.2') return guarded(config, () => aac(config, id));
  if (codec === 'opus') return guarded(config, () => opus(config, id));
  throw new LivestreamError(
    'UNSUPPORTED_FORMAT',
    `codec '${config.codec}' of track ${config.id} is not served as frames; send 'mp4a.40.2' or 'opus'`,
  );
}

function guarded(config: AudioTrackConfig, create: () => ChunkReader): ChunkReader {
  try {
    return create();
  } catch (cause) {
    if (cause instanceof LivestreamError) throw cause;
    const what = config.description === undefined ? 'the configuration' : 'the description';
    const message = `${what} of track ${config.id} is no ${config.codec}: ${(cause as Error).message}`;
    throw new LivestreamError('BAD_MESSAGE', message, { cause });
  }
}

function aac(config: AudioTrackConfig, id: number): ChunkReader {
  const description = readDescription(config);
  const specific = description ?? writeAudioSpecificConfig(config.sampleRate, config.channels);
  const aacConfig = readAudioSpecificConfig(specific);
  const { objectType, sampleRate, channelConfiguration } = aacConfig;
  const channels = AAC_CHANNELS[channelConfiguration];
  if (objectType !== LOW_COMPLEXITY || !channels) {
    throw new LivestreamError(
      'UNSUPPORTED_FORMAT',
      `track ${config.id} is AAC of object type ${objectType} and channel configuration ${channelConfiguration}; ` +
        'send AAC-LC (2) with channels by number',
    );
  }
  const track: Track = {
    id,
    kind: 'audio',
    timescale: sampleRate,
    codec: 'mp4a.40.2',
    sampleEntry: mp4aEntry(specific, sampleRate, channels),
    sampleRate,
    channels,
  };
  return {
    track,
    read(chunk) {
      const data = description ? chunk : stripAdts(chunk);
      if (data.length === 0 || data.length > MAX_AAC_BYTES) {
        throw new UnusableFrame(
          'broken-chunk',
          `an AAC frame of ${data.length} bytes; send one frame a chunk`,
        );
      }
      if (!isAacFrame(data, aacConfig)) {
        throw new UnusableFrame(
          'broken-chunk',
          `what begins with ${hex(data.subarray(0, 4))} is no AAC frame of ${channels} channels; send raw frames of what the track's description says`,
        );
      }
      return { data, key: true, length: AAC_SAMPLES };
    },
  };
}

function opus(config: AudioTrackConfig, id: number): ChunkReader {
  const description = readDescription(config);
  const { channels, streams, dOps } = description
    ? readOpusHead(description)
    : writeOpusConfig(config.channels);
  const track: Track = {
    id,
    kind: 'audio',
    // Opus is 48 kHz, whatever went into the encoder.
    timescale: 48_000,
    codec: 'opus',
    sampleEntry: opusEntry(dOps, channels),
    sampleRate: 48_000,
    channels,
  };
  /** Packets in a row. */
  let right = 0;
  /** What looks like a packet is kept out, too. */
  let isDoubtful = false;
  let isUnproven = true;
  return {
    track,
    get isUnproven() {
      return isUnproven;
    },
    read(chunk) {
      let length: number;
      try {
        length = readOpus(chunk, streams);
      } catch (error) {
        isDoubtful ||= right < BELIEVED;
        right = 0;
        throw broken(error instanceof Error ? error.message : 'an Opus packet is broken');
      }
      if (++right >= BELIEVED) isDoubtful = false;
      if (isDoubtful)
        throw broken(`only ${right} right packets after a broken one; ${BELIEVED} are believed`);
      if (right >= PROVEN) isUnproven = false;
      return { data: chunk, key: true, length };
    },
  };
}

/** @throws RangeError when it is no packet */
function readOpus(chunk: Uint8Array, streams: number): number {
  if (chunk.length > MAX_OPUS_BYTES * Math.max(1, streams)) {
    throw new RangeError(`an Opus packet of ${chunk.length} bytes`);
  }
  return opusSamples(chunk, streams);
}

const broken = (what: string): UnusableFrame =>
  new UnusableFrame('broken-chunk', `${what}; send one packet of Opus a chunk`);

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
