import { concat, view } from '../hls/boxes.js';
import { isPlayableAvc } from './avc.js';
import type { ContainerCodecs, ContainerScanner } from './container.js';
import { ReplayBuffer } from './replay-buffer.js';

/** Element ids (RFC 9559 §5.1). */
const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TIMESTAMP_SCALE = 0x2ad7b1;
const CLUSTER = 0x1f43b675;
const TIMESTAMP = 0xe7;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TRACK_TYPE = 0x83;
const CODEC_ID = 0x86;
const CODEC_PRIVATE = 0x63a2;
const TRACK_NUMBER = 0xd7;
const SIMPLE_BLOCK = 0xa3;

/** A SimpleBlock's track number (one byte for all but odd files), timestamp and flags (RFC 9559 §10.2). */
const BLOCK_HEADER_BYTES = 4;
const KEY_FRAME_FLAG = 0x80;

/** Nanoseconds a tick, where a file says nothing (§5.1.2.9). */
const DEFAULT_TIMESTAMP_SCALE = 1_000_000;

/** An unsigned integer has no more bytes (RFC 8794 §7.2). */
const MAX_INTEGER_BYTES = 8;

/** Codec ids are short; a longer one is none, bytes. */
const MAX_CODEC_ID = 64;

const TRACK_TYPE_VIDEO = 1;
const TRACK_TYPE_AUDIO = 2;

interface ElementHeader {
  id: number;
  /** Of the body; Infinity when unknown, as in live files (RFC 8794 §6.2). */
  size: number;
  headerSize: number;
}

/**
 * Follows WebM and Matroska. Reading can start at a Cluster whose first picture is a key frame. Segment and Cluster are
 * looked into, everything else is skipped by its size, so that no nesting need be remembered.
 */
export class WebmScanner implements ContainerScanner {
  readonly kind = 'webm';
  codecs: ContainerCodecs | undefined;
  readonly replay: ReplayBuffer;
  partial: Uint8Array = new Uint8Array(0);
  #skip = 0;
  #lost = false;
  #videoTrack: number | undefined;
  /** A Cluster began and its first picture, or its time where there are none, has not come yet. */
  #undecided = false;
  /** Seconds a tick. */
  #tick = DEFAULT_TIMESTAMP_SCALE / 1e9;
  /** Of the Cluster, ticks. */
  #clusterTime: number | undefined;

  constructor(replayLimit: number) {
    this.replay = new ReplayBuffer(replayLimit);
  }

  push(bytes: Uint8Array): void {
    const buffer = this.partial.length === 0 ? bytes : concat([this.partial, bytes]);
    this.partial = new Uint8Array(0);
    let at = 0;
    while (at < buffer.length) {
      if (this.#skip > 0 || this.#lost) {
        const step = this.#lost ? buffer.length - at : Math.min(this.#skip, buffer.length - at);
        this.replay.append(buffer.subarray(at, at + step));
        this.#skip -= step;
        at += step;
        continue;
      }
      const element = readElementHeader(buffer, at);
      if (element === 'invalid') {
        // Where the next element starts is unknown from here on; what it means is the transcoder's to say.
        this.#lost = true;
        continue;
      }
      if (element === undefined || !this.#onElement(element, buffer.subarray(at))) {
        this.partial = buffer.slice(at);
        return;
      }
      const entered = element.id === CLUSTER || element.id === SEGMENT;
      this.#skip = entered ? 0 : element.size;
      this.replay.append(buffer.subarray(at, at + element.headerSize));
      at += element.headerSize;
    }
  }

  /** @returns false when more of the element is needed */
  #onElement(element: ElementHeader, bytes: Uint8Array): boolean {
    if (element.id === CLUSTER) {
      if (!this.replay.headerComplete) this.#onHeader();
      this.replay.checkpoint();
      this.#undecided = true;
      this.#clusterTime = undefined;
    } else if (this.#undecided && element.id === TIMESTAMP && element.size <= MAX_INTEGER_BYTES) {
      const body = bytes.subarray(element.headerSize, element.headerSize + element.size);
      if (body.length < element.size) return false;
      this.#clusterTime = readInteger(body);
      if (this.#videoTrack === undefined) this.#decide(true, 0);
    } else if (this.#undecided && element.id === SIMPLE_BLOCK) {
      const block = bytes.subarray(element.headerSize, element.headerSize + BLOCK_HEADER_BYTES);
      if (block.length < BLOCK_HEADER_BYTES) return false;
      if (((block[0] ?? 0) & 0x7f) === this.#videoTrack) {
        this.#decide(((block[3] ?? 0) & KEY_FRAME_FLAG) !== 0, view(block).getInt16(1));
      }
    }
    return true;
  }

  /** @param ticks of what the Cluster begins with, after its own time */
  #decide(canStart: boolean, ticks: number): void {
    this.#undecided = false;
    const time = this.#clusterTime;
    if (canStart) this.replay.commit(time === undefined ? undefined : (time + ticks) * this.#tick);
  }

  #onHeader(): void {
    const { tracks, timestampScale } = readSegment(this.replay.header());
    const video = tracks.find((track) => track.type === TRACK_TYPE_VIDEO);
    const audio = tracks.find((track) => track.type === TRACK_TYPE_AUDIO);
    const playable = video !== undefined && isPlayableH264(video);
    this.#videoTrack = video?.number;
    this.#tick = timestampScale / 1e9;
    this.codecs = {
      video: video && (playable ? 'h264' : 'other'),
      audio: audio && (audio.codec === 'A_AAC' ? 'aac' : 'other'),
    };
  }
}

/** The header at an offset; undefined while it is not whole. */
function readElementHeader(bytes: Uint8Array, at: number): ElementHeader | 'invalid' | undefined {
  const idLength = Math.clz32(bytes[at] ?? 0) - 23;
  if (idLength > 4) return 'invalid';
  const sizeAt = at + idLength;
  if (sizeAt >= bytes.length) return undefined;
  const sizeLength = Math.clz32(bytes[sizeAt] ?? 0) - 23;
  if (sizeLength > 8) return 'invalid';
  if (sizeAt + sizeLength > bytes.length) return undefined;
  let id = 0;
  for (let index = 0; index < idLength; index++) id = id * 256 + (bytes[at + index] ?? 0);
  let size = (bytes[sizeAt] ?? 0) & (0xff >> sizeLength);
  let unknown = size === 0xff >> sizeLength;
  for (let index = 1; index < sizeLength; index++) {
    const byte = bytes[sizeAt + index] ?? 0;
    unknown &&= byte === 0xff;
    size = size * 256 + byte;
  }
  return { id, size: unknown ? Infinity : size, headerSize: idLength + sizeLength };
}

function* readElements(bytes: Uint8Array): Generator<{ id: number; body: Uint8Array }> {
  let at = 0;
  while (at < bytes.length) {
    const element = readElementHeader(bytes, at);
    if (element === undefined || element === 'invalid') return;
    const start = at + element.headerSize;
    const end = Math.min(bytes.length, start + element.size);
    yield { id: element.id, body: bytes.subarray(start, end) };
    at = end;
  }
}

/**
 * Chromium's MediaRecorder writes no CodecPrivate: its parameter sets come with the pictures, which are always 8-bit
 * 4:2:0.
 */
function isPlayableH264({ codec, codecPrivate }: TrackEntry): boolean {
  return codec === 'V_MPEG4/ISO/AVC' && (codecPrivate.length === 0 || isPlayableAvc(codecPrivate));
}

interface TrackEntry {
  number: number;
  type: number;
  /** Of the Matroska Codec Specifications. */
  codec: string;
  codecPrivate: Uint8Array;
}

function readSegment(header: Uint8Array): { tracks: TrackEntry[]; timestampScale: number } {
  const tracks: TrackEntry[] = [];
  let timestampScale = DEFAULT_TIMESTAMP_SCALE;
  for (const top of readElements(header)) {
    if (top.id !== SEGMENT) continue;
    for (const child of readElements(top.body)) {
      if (child.id !== TRACKS && child.id !== INFO) continue;
      for (const { id, body } of readElements(child.body)) {
        if (id === TRACK_ENTRY) tracks.push(readTrack(body));
        else if (id === TIMESTAMP_SCALE) timestampScale = readInteger(body);
      }
    }
  }
  return { tracks, timestampScale };
}

function readInteger(body: Uint8Array): number {
  return body.subarray(0, MAX_INTEGER_BYTES).reduce((value, byte) => value * 256 + byte, 0);
}

function readTrack(entry: Uint8Array): TrackEntry {
  const track: TrackEntry = { number: 0, type: 0, codec: '', codecPrivate: new Uint8Array(0) };
  for (const field of readElements(entry)) {
    if (field.id === TRACK_NUMBER) track.number = field.body.at(-1) ?? 0;
    else if (field.id === TRACK_TYPE) track.type = field.body[0] ?? 0;
    else if (field.id === CODEC_ID)
      track.codec = String.fromCharCode(...field.body.subarray(0, MAX_CODEC_ID));
    else if (field.id === CODEC_PRIVATE) track.codecPrivate = field.body;
  }
  return track;
}
