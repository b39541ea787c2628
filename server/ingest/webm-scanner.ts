import { concat } from '../hls/boxes.js';
import { isPlayableAvc } from './avc.js';
import type { ContainerCodecs, ContainerScanner } from './container.js';
import { ReplayBuffer } from './replay-buffer.js';

/** Element ids (RFC 9559 §5.1). */
const SEGMENT = 0x18538067;
const CLUSTER = 0x1f43b675;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TRACK_TYPE = 0x83;
const CODEC_ID = 0x86;
const CODEC_PRIVATE = 0x63a2;

const TRACK_TYPE_VIDEO = 1;
const TRACK_TYPE_AUDIO = 2;

interface ElementHeader {
  id: number;
  /** Of the body; Infinity when unknown, as in live files (RFC 8794 §6.2). */
  size: number;
  headerSize: number;
}

/**
 * Follows WebM and Matroska. Reading can start at any Cluster after the header. Segment and Cluster are
 * looked into, everything else is skipped by its size, so that no nesting need be remembered.
 */
export class WebmScanner implements ContainerScanner {
  readonly kind = 'webm';
  codecs: ContainerCodecs | undefined;
  #replay: ReplayBuffer;
  /** An element header that is not whole yet. */
  #partial: Uint8Array = new Uint8Array(0);
  #skip = 0;
  #lost = false;

  constructor(replayLimit: number) {
    this.#replay = new ReplayBuffer(replayLimit);
  }

  get boundaries(): number {
    return this.#replay.boundaries;
  }

  replay(): Uint8Array[] {
    return [...this.#replay.replay(), this.#partial];
  }

  push(bytes: Uint8Array): void {
    const buffer = this.#partial.length === 0 ? bytes : concat([this.#partial, bytes]);
    this.#partial = new Uint8Array(0);
    let at = 0;
    while (at < buffer.length) {
      if (this.#skip > 0 || this.#lost) {
        const step = this.#lost ? buffer.length - at : Math.min(this.#skip, buffer.length - at);
        this.#replay.append(buffer.subarray(at, at + step));
        this.#skip -= step;
        at += step;
        continue;
      }
      const element = readElementHeader(buffer, at);
      if (element === undefined) {
        this.#partial = buffer.slice(at);
        return;
      }
      if (element === 'invalid') {
        // Where the next element starts is unknown from here on; what it means is the transcoder's to say.
        this.#lost = true;
        continue;
      }
      if (element.id === CLUSTER) this.#onCluster();
      const entered = element.id === CLUSTER || element.id === SEGMENT;
      this.#skip = entered ? 0 : element.size;
      this.#replay.append(buffer.subarray(at, at + element.headerSize));
      at += element.headerSize;
    }
  }

  #onCluster(): void {
    if (!this.#replay.headerComplete) this.codecs = readCodecs(this.#replay.header());
    this.#replay.mark();
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

function readCodecs(header: Uint8Array): ContainerCodecs {
  const codecs: ContainerCodecs = { video: undefined, audio: undefined };
  for (const top of readElements(header)) {
    if (top.id !== SEGMENT) continue;
    for (const child of readElements(top.body)) {
      if (child.id !== TRACKS) continue;
      for (const entry of readElements(child.body))
        if (entry.id === TRACK_ENTRY) readTrack(entry.body, codecs);
    }
  }
  return codecs;
}

/** Codec ids are those of the Matroska Codec Specifications. The first track of a kind counts. */
function readTrack(entry: Uint8Array, codecs: ContainerCodecs): void {
  let type = 0;
  let codec = '';
  let codecPrivate: Uint8Array = new Uint8Array(0);
  for (const field of readElements(entry)) {
    if (field.id === TRACK_TYPE) type = field.body[0] ?? 0;
    else if (field.id === CODEC_ID) codec = String.fromCharCode(...field.body);
    else if (field.id === CODEC_PRIVATE) codecPrivate = field.body;
  }
  if (type === TRACK_TYPE_VIDEO) {
    const playable = codec === 'V_MPEG4/ISO/AVC' && isPlayableAvc(codecPrivate);
    codecs.video ??= playable ? 'h264' : 'other';
  } else if (type === TRACK_TYPE_AUDIO) {
    codecs.audio ??= codec === 'A_AAC' ? 'aac' : 'other';
  }
}
