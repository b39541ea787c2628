import { LivestreamError } from '../errors.js';
import { MAX_PPS, MAX_SPS, readAvcC, writeAvcC } from '../hls/avc-config.js';
import { sameBytes } from '../hls/boxes.js';
import { isPicture, joinLengths, NalType, nalType, splitLengths, splitStartCodes } from '../hls/h264-nal.js';
import type { SequenceParameters } from '../hls/h264-sps.js';
import { avc1Entry } from '../hls/sample-entry-writer.js';
import type { Track } from '../hls/sample.js';
import type { VideoTrackConfig } from '../protocol.js';
import { isPlayableProfile } from './avc.js';
import { readDescription } from './description.js';
import { UnusableFrame } from './frame-drops.js';
import type { ChunkReader, ReadChunk } from './chunk-reader.js';
import { VIDEO_TIMESCALE } from './video-timeline.js';

/** Samples have lengths of so many bytes, whatever the publisher's have. */
const LENGTH_SIZE = 4;

/**
 * H.264 as WebCodecs gives it: with an avcC and lengths (`avc`), or without and with start codes (`annexb`). What profile,
 * level and size the stream has is read from its parameter sets, never from what is said of them.
 */
export class H264Track implements ChunkReader {
  #track: Track | undefined;
  #sps: readonly Uint8Array[] = [];
  #pps: readonly Uint8Array[] = [];
  /** Undefined: start codes. */
  #lengthSize: number | undefined;

  /** @throws LivestreamError UNSUPPORTED_FORMAT or BAD_MESSAGE */
  constructor(
    private readonly config: VideoTrackConfig,
    private readonly id: number,
  ) {
    if (!/^avc[13](\.|$)/.test(config.codec)) {
      throw new LivestreamError(
        'UNSUPPORTED_FORMAT',
        `codec '${config.codec}' of track ${config.id} is not served as frames; send H.264 ('avc1.42E01F' and so on)`,
      );
    }
    const description = readDescription(config);
    if (!description) return;
    try {
      const { lengthSize, sps, pps } = readAvcC(description);
      this.#lengthSize = lengthSize;
      // Those of avc3 may be in the frames alone.
      if (sps.length > 0 || !config.codec.startsWith('avc3')) this.#adopt(sps, pps);
    } catch (cause) {
      if (cause instanceof LivestreamError) throw cause;
      throw new LivestreamError(
        'BAD_MESSAGE',
        `description of track ${config.id} is no avcC: ${(cause as Error).message}`,
        { cause },
      );
    }
  }

  get track(): Track | undefined {
    return this.#track;
  }

  read(chunk: Uint8Array): ReadChunk {
    const nals = this.#split(chunk);
    if (!nals.some(isPicture)) {
      throw new UnusableFrame('no-picture', 'a chunk of H.264 has no picture in it; send whole frames');
    }
    const key = nals.some((nal) => nalType(nal) === NalType.IDR);
    const sps = nals.filter((nal) => nalType(nal) === NalType.SPS);
    const pps = nals.filter((nal) => nalType(nal) === NalType.PPS);
    checkCount('sequence', sps.length, MAX_SPS);
    checkCount('picture', pps.length, MAX_PPS);
    if (key && (sps.length > 0 || pps.length > 0)) this.#adoptInBand(sps, pps);
    if (!this.#track) {
      throw new UnusableFrame(
        key ? 'no-parameter-sets' : 'waiting-for-key',
        key
          ? 'a key frame without parameter sets; send an avcC as description, or SPS and PPS before each key frame'
          : 'frames before the first key frame cannot be decoded',
      );
    }
    const isPlain = this.#lengthSize === LENGTH_SIZE && sps.length === 0 && pps.length === 0;
    return { data: isPlain ? chunk : joinLengths(nals.filter(staysInSample)), key };
  }

  #split(chunk: Uint8Array): Uint8Array[] {
    try {
      const nals = this.#lengthSize ? splitLengths(chunk, this.#lengthSize) : splitStartCodes(chunk);
      if (nals.some((nal) => (nal[0] ?? 0) & 0x80)) throw new RangeError('forbidden_zero_bit is set');
      return nals;
    } catch (error) {
      const wanted = this.#lengthSize
        ? `NAL units behind lengths of ${this.#lengthSize} bytes, as the description says`
        : 'NAL units behind start codes, since the track has no description';
      const what = error instanceof Error ? error.message : '';
      throw new UnusableFrame(
        'broken-chunk',
        `a chunk of ${chunk.length} bytes is broken: ${what}; send ${wanted}`,
      );
    }
  }

  #adoptInBand(sps: Uint8Array[], pps: Uint8Array[]): void {
    const newSps = sps.length > 0 ? distinct(sps) : this.#sps;
    const newPps = pps.length > 0 ? distinct(pps) : this.#pps;
    if (sameSets(newSps, this.#sps) && sameSets(newPps, this.#pps)) return;
    try {
      // Copies: they must not keep the message alive.
      this.#adopt(
        newSps.map((set) => set.slice()),
        newPps.map((set) => set.slice()),
      );
    } catch (error) {
      if (error instanceof LivestreamError) throw error;
      const what = error instanceof Error ? error.message : '';
      throw new UnusableFrame('no-parameter-sets', `the parameter sets of a key frame are unusable: ${what}`);
    }
  }

  /** @throws RangeError when they are none, LivestreamError when they cannot be played */
  #adopt(sps: readonly Uint8Array[], pps: readonly Uint8Array[]): void {
    const { avcC, parameters } = writeAvcC({ lengthSize: LENGTH_SIZE, sps: [...sps], pps: [...pps] });
    this.#checkPlayable(parameters);
    const { width, height } = parameters;
    this.#sps = sps;
    this.#pps = pps;
    this.#track = {
      id: this.id,
      kind: 'video',
      timescale: VIDEO_TIMESCALE,
      codec: `avc1.${[...avcC.subarray(1, 4)].map(hex).join('')}`,
      sampleEntry: avc1Entry(avcC, width, height),
      width,
      height,
    };
  }

  #checkPlayable({ profile, chromaFormat, bitDepth }: SequenceParameters): void {
    if (isPlayableProfile(profile) && chromaFormat === 1 && bitDepth === 8) return;
    const { id, codec } = this.config;
    throw new LivestreamError(
      'UNSUPPORTED_FORMAT',
      `track ${id} ('${codec}') is H.264 of profile ${profile}, chroma format ${chromaFormat}, ${bitDepth} bits, ` +
        'which browsers do not play; send Baseline, Main or High with 8 bits and 4:2:0',
    );
  }
}

/** Parameter sets are in the avcC; delimiters say nothing where samples have lengths. */
const staysInSample = (nal: Uint8Array): boolean =>
  nalType(nal) !== NalType.SPS && nalType(nal) !== NalType.PPS && nalType(nal) !== NalType.DELIMITER;

/** Before they are compared: a message has room for hundreds of thousands. */
function checkCount(kind: string, count: number, most: number): void {
  if (count <= most) return;
  throw new UnusableFrame(
    'broken-chunk',
    `a chunk has ${count} ${kind} parameter sets; send those in use, ${most} at most`,
  );
}

/** Without comparing each with each, unless their digests are the same: sets may be long. */
function distinct(sets: readonly Uint8Array[]): Uint8Array[] {
  const known = new Map<number, Uint8Array[]>();
  return sets.filter((set) => {
    const digest = fnv1a(set);
    const alike = known.get(digest) ?? [];
    if (alike.some((other) => sameBytes(set, other))) return false;
    known.set(digest, [...alike, set]);
    return true;
  });
}

/** A digest of 32 bits (Fowler, Noll and Vo's 1a). */
function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

function sameSets(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((set, index) => sameBytes(set, b[index]!));
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0').toUpperCase();
