import { LivestreamError } from '../errors.js';
import { concat } from '../hls/boxes.js';
import { defaultLimits } from '../options.js';
import type { ContainerKind, ContainerScanner } from './container.js';
import { Mp4Scanner } from './mp4-scanner.js';
import { MpegTsScanner } from './mpegts-scanner.js';
import { WebmScanner } from './webm-scanner.js';

/** A file whose header is longer than this is no live stream. */
const MAX_HEADER_BYTES = 1024 * 1024;

/** First bytes needed to tell a container; MPEG-TS by two sync bytes, since many texts begin with a G. */
const MAGIC_BYTES = 8;
const SYNC_BYTE = 0x47;
const PACKET_BYTES = 188;

/** Types of the first box of an MP4 file. */
const MP4_FIRST_BOXES = new Set(['ftyp', 'styp', 'moov', 'moof', 'sidx', 'free', 'skip', 'wide']);

/** The container that some first bytes belong to; undefined when they are none that is known. */
export function detectContainer(bytes: Uint8Array): ContainerKind | undefined {
  // The EBML element's id (RFC 8794 §11.2.1).
  if (bytes[0] === 0x1a && bytes[1] === 0x45 && bytes[2] === 0xdf && bytes[3] === 0xa3) return 'webm';
  if (MP4_FIRST_BOXES.has(String.fromCharCode(...bytes.subarray(4, 8)))) return 'mp4';
  // The sync byte of each 188-byte packet (ISO/IEC 13818-1 §2.4.3.3).
  if (bytes[0] === SYNC_BYTE && bytes[PACKET_BYTES] === SYNC_BYTE) return 'mpegts';
  return undefined;
}

/** Tells the container by its first bytes and then scans it. */
export class ContainerDetector {
  #scanner: ContainerScanner | undefined;
  #first: Uint8Array = new Uint8Array(0);
  #bytes = 0;

  /** @param maxReplayBytes most bytes that the scanner keeps behind the header */
  constructor(private readonly maxReplayBytes = defaultLimits.maxReplayBytes) {}

  /**
   * @returns the scanner, once the header is complete
   * @throws LivestreamError UNSUPPORTED_FORMAT when the bytes are no container that is known
   */
  push(bytes: Uint8Array): ContainerScanner | undefined {
    this.#bytes += bytes.length;
    if (this.#scanner) this.#scanner.push(bytes);
    else this.#detect(bytes);
    if (this.#scanner?.codecs) return this.#scanner;
    if (this.#bytes > MAX_HEADER_BYTES) {
      throw new LivestreamError(
        'UNSUPPORTED_FORMAT',
        `no media was found in the first ${this.#bytes} bytes; send a file that starts with its header`,
      );
    }
    return undefined;
  }

  #detect(bytes: Uint8Array): void {
    this.#first = concat([this.#first, bytes]);
    const needed = this.#first[0] === SYNC_BYTE ? PACKET_BYTES + 1 : MAGIC_BYTES;
    if (this.#first.length < needed) return;
    const kind = detectContainer(this.#first);
    if (!kind) {
      const hex = [...this.#first.subarray(0, MAGIC_BYTES)].map((byte) => byte.toString(16).padStart(2, '0'));
      throw new LivestreamError(
        'UNSUPPORTED_FORMAT',
        `the first bytes (${hex.join(' ')}) are no WebM, Matroska, MP4 or MPEG-TS; send one such file from its start`,
      );
    }
    this.#scanner = createScanner(kind, this.maxReplayBytes);
    this.#scanner.push(this.#first);
    this.#first = new Uint8Array(0);
  }
}

function createScanner(kind: ContainerKind, maxReplayBytes: number): ContainerScanner {
  if (kind === 'webm') return new WebmScanner(maxReplayBytes);
  if (kind === 'mp4') return new Mp4Scanner(maxReplayBytes);
  return new MpegTsScanner(maxReplayBytes);
}
