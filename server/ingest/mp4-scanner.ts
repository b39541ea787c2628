import { concat, findBox, readBoxes, readBoxHeader } from '../hls/boxes.js';
import { describeSampleEntry } from '../hls/sample-entry.js';
import { isPlayableAvc } from './avc.js';
import type { ContainerCodecs, ContainerScanner } from './container.js';
import { readFragmentStart, readMainTrack, type MainTrack } from './mp4-fragments.js';
import { ReplayBuffer } from './replay-buffer.js';

/** A `moof` that is longer is not looked into: it is waited for as a whole. */
const MAX_MOOF_BYTES = 64 * 1024;

/** Follows MP4. Reading can start at any `moof` after the `moov` (ISO/IEC 14496-12 §8.8) that begins with a key frame. */
export class Mp4Scanner implements ContainerScanner {
  readonly kind = 'mp4';
  codecs: ContainerCodecs | undefined;
  readonly replay: ReplayBuffer;
  partial: Uint8Array = new Uint8Array(0);
  #skip = 0;
  #movieSeen = false;
  #track: MainTrack | undefined;

  constructor(replayLimit: number) {
    this.replay = new ReplayBuffer(replayLimit);
  }

  push(bytes: Uint8Array): void {
    const buffer = this.partial.length === 0 ? bytes : concat([this.partial, bytes]);
    this.partial = new Uint8Array(0);
    let at = 0;
    while (at < buffer.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, buffer.length - at);
        this.replay.append(buffer.subarray(at, at + step));
        this.#skip -= step;
        at += step;
        continue;
      }
      const header = readBoxHeader(buffer, at);
      if (!header) {
        this.partial = buffer.slice(at);
        return;
      }
      if (this.#movieSeen && !this.replay.headerComplete) this.#onHeader();
      if (header.type === 'moof') {
        const size = header.size <= MAX_MOOF_BYTES ? header.size : 0;
        if (buffer.length - at < size) {
          this.partial = buffer.slice(at);
          return;
        }
        const moof = buffer.subarray(at + header.headerSize, at + size);
        const { canStart, time } = readFragmentStart(moof, this.#track);
        if (canStart) this.replay.mark(time);
      }
      if (header.type === 'moov') this.#movieSeen = true;
      // A size of 0 reaches to the end of the file (§4.2); one smaller than the header is the transcoder's to refuse.
      this.#skip = header.size < header.headerSize ? Infinity : header.size - header.headerSize;
      this.replay.append(buffer.subarray(at, at + header.headerSize));
      at += header.headerSize;
    }
  }

  /** The first box after the moov: what came before is the header. */
  #onHeader(): void {
    const header = this.replay.header();
    this.codecs = readCodecs(header);
    this.#track = readMainTrack(header);
    this.replay.checkpoint();
  }
}

function readCodecs(header: Uint8Array): ContainerCodecs {
  const codecs: ContainerCodecs = { video: undefined, audio: undefined };
  try {
    for (const trak of readBoxes(findBox(header, 'moov')?.body ?? new Uint8Array(0))) {
      if (trak.type === 'trak') readTrack(trak.body, codecs);
    }
  } catch {
    // Damaged: encoding makes the most of what the transcoder can read.
    return { video: 'other', audio: 'other' };
  }
  return codecs;
}

function readTrack(trak: Uint8Array, codecs: ContainerCodecs): void {
  const handler = findBox(trak, 'mdia', 'hdlr')?.body;
  const stsd = findBox(trak, 'mdia', 'minf', 'stbl', 'stsd')?.body;
  const kind = handler && String.fromCharCode(...handler.subarray(8, 12));
  const entry = stsd && [...readBoxes(stsd.subarray(8))][0]?.bytes;
  if (kind === 'vide') codecs.video ??= entry && isPlayableEntry(entry) ? 'h264' : 'other';
  else if (kind === 'soun') codecs.audio ??= entry && isAacEntry(entry) ? 'aac' : 'other';
}

function isPlayableEntry(entry: Uint8Array): boolean {
  const avcC =
    String.fromCharCode(...entry.subarray(4, 8)) === 'avc1' && findBox(entry.subarray(86), 'avcC')?.body;
  return avcC ? isPlayableAvc(avcC) : false;
}

function isAacEntry(entry: Uint8Array): boolean {
  try {
    // AAC-LC, SBR and PS; an mp4a can hold MP3 too, whose "audio object type" is no such number.
    return ['mp4a.40.2', 'mp4a.40.5', 'mp4a.40.29'].includes(describeSampleEntry(entry).codec);
  } catch {
    return false;
  }
}
