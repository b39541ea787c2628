import { concat, findBox, readBoxes, readBoxHeader, view, type Box } from './boxes.js';
import { describeSampleEntry } from './sample-entry.js';
import type { Sample, Track } from './sample.js';

/** What a fragmented MP4 holds, in order. */
export interface FragmentHandler {
  onTracks(tracks: Track[]): void;
  onSample(sample: Sample): void;
}

/** A box larger than this is not from a live transcoder: a fragment of its output holds a frame or two. */
const MAX_BOX_BYTES = 16 * 1024 * 1024;

/** Nor has one fragment more samples, … */
const MAX_SAMPLES = 100_000;

/** … or a track a finer clock: a segment's length in its ticks must fit into the 32 bits of a sample's duration. */
const MAX_TIMESCALE = 10_000_000;

/** A box's type is four printable characters (ISO/IEC 14496-12 §4.2): bytes that are no file at all are known by their first eight. */
const BOX_TYPE = /^[ -~]{4}$/;

/**
 * The transcoder gives a sample whose successor it has not seen a duration of one tick. Most frames are as long as
 * the one before.
 */
const UNKNOWN_DURATION = 1;

/** Frames a second of a track whose very first sample has no duration. */
const FIRST_GUESS_RATE = 30;

/** `sample_is_non_sync_sample` (ISO/IEC 14496-12 §8.8.3.1). */
const NON_SYNC = 0x00010000;

interface TrackState {
  track: Track;
  defaults: SampleDefaults;
  /** Of the last sample whose duration was known, in the track's timescale. */
  duration: number;
}

interface SampleDefaults {
  duration: number;
  size: number;
  flags: number;
}

interface FragmentSample {
  sample: Omit<Sample, 'data'>;
  /** Where its data is, from the first byte of the moof. */
  offset: number;
  size: number;
}

/**
 * Reads fragmented MP4 as it arrives, in pieces of any size, into tracks and samples. It reads what the
 * transcoder writes: one `moov`, then `moof` and `mdat` in turn with default-base-is-moof.
 */
export class FragmentReader {
  /** The beginning of a box. Joined when the box is whole: joining at each piece would copy a large one again and again. */
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Of pending bytes, before there is something to read. */
  #needed = 0;
  #tracks = new Map<number, TrackState>();
  #fragment: { samples: FragmentSample[]; size: number } | undefined;

  constructor(private readonly handler: FragmentHandler) {}

  /**
   * @throws RangeError or TypeError when the bytes are no fragmented MP4 of H.264 and AAC; it cannot be used any more then
   */
  push(bytes: Uint8Array): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes < this.#needed) return;
    let buffer = this.#pending.length === 1 ? bytes : concat(this.#pending);
    for (;;) {
      const header = readBoxHeader(buffer);
      this.#needed = header?.size ?? 0;
      if (!header) break;
      if (!BOX_TYPE.test(header.type)) throw new TypeError('what should be a box has no type');
      if (header.size < header.headerSize || header.size > MAX_BOX_BYTES) {
        throw new RangeError(`box '${header.type}' says ${header.size} bytes`);
      }
      if (buffer.length < header.size) break;
      const whole = buffer.subarray(0, header.size);
      this.#onBox({ type: header.type, bytes: whole, body: whole.subarray(header.headerSize) });
      buffer = buffer.subarray(header.size);
    }
    // A copy, so that a few bytes left over do not keep a large chunk alive.
    this.#pending = buffer.length === 0 ? [] : [buffer.slice()];
    this.#pendingBytes = buffer.length;
  }

  #onBox(box: Box): void {
    if (box.type === 'moov') this.#onMovie(box.body);
    else if (box.type === 'moof') {
      if (this.#fragment) throw new TypeError('a moof without an mdat: its samples are missing');
      this.#fragment = { samples: this.#readFragment(box.body), size: box.bytes.length };
    } else if (box.type === 'mdat') this.#onMedia(box);
  }

  #onMovie(moov: Uint8Array): void {
    const defaults = new Map<number, SampleDefaults>();
    const tracks: TrackState[] = [];
    for (const child of readBoxes(findBox(moov, 'mvex')?.body ?? new Uint8Array(0))) {
      if (child.type !== 'trex') continue;
      const data = view(child.body);
      defaults.set(data.getUint32(4), {
        duration: data.getUint32(12),
        size: data.getUint32(16),
        flags: data.getUint32(20),
      });
    }
    for (const child of readBoxes(moov)) {
      if (child.type === 'trak') tracks.push(readTrack(child.body, defaults));
    }
    this.#tracks = new Map(tracks.map((state) => [state.track.id, state]));
    this.handler.onTracks(tracks.map((state) => state.track));
  }

  #readFragment(moof: Uint8Array): FragmentSample[] {
    const samples: FragmentSample[] = [];
    for (const traf of readBoxes(moof)) {
      if (traf.type !== 'traf') continue;
      const tfhd = findBox(traf.body, 'tfhd')?.body;
      const state = tfhd && this.#tracks.get(view(tfhd).getUint32(4));
      if (!tfhd || !state) throw new TypeError('a fragment is of a track that the moov does not name');
      const defaults = readTfhd(tfhd, state.defaults);
      let dts = readDecodeTime(findBox(traf.body, 'tfdt')?.body);
      for (const trun of readBoxes(traf.body)) {
        if (trun.type === 'trun') dts = readRun(trun.body, state, dts, defaults, samples);
      }
    }
    return samples;
  }

  #onMedia(mdat: Box): void {
    const fragment = this.#fragment;
    this.#fragment = undefined;
    if (!fragment) return;
    const mediaStart = fragment.size + (mdat.bytes.length - mdat.body.length);
    for (const { sample, offset, size } of fragment.samples) {
      const start = offset - mediaStart;
      if (start < 0 || start + size > mdat.body.length) {
        throw new RangeError(
          `a sample lies outside its mdat: ${size} bytes at ${start} of ${mdat.body.length}`,
        );
      }
      this.handler.onSample({ ...sample, data: mdat.body.subarray(start, start + size) });
    }
  }
}

function readTimescale(header: Uint8Array | undefined): number {
  if (!header) throw new TypeError('the movie header is missing');
  return view(header).getUint32(header[0] === 1 ? 20 : 12);
}

function readTrack(trak: Uint8Array, defaults: Map<number, SampleDefaults>): TrackState {
  const tkhd = findBox(trak, 'tkhd')?.body;
  const stsd = findBox(trak, 'mdia', 'minf', 'stbl', 'stsd')?.body;
  if (!tkhd || !stsd) throw new TypeError('a track has no tkhd or no stsd');
  const id = view(tkhd).getUint32(tkhd[0] === 1 ? 20 : 12);
  const timescale = readTimescale(findBox(trak, 'mdia', 'mdhd')?.body);
  if (timescale < 1 || timescale > MAX_TIMESCALE) {
    throw new RangeError(`track ${id} has ${timescale} ticks a second; the most is ${MAX_TIMESCALE}`);
  }
  const entry = [...readBoxes(stsd.subarray(8))][0];
  if (!entry) throw new TypeError(`track ${id} has no sample entry`);
  return {
    track: { id, timescale, sampleEntry: entry.bytes.slice(), ...describeSampleEntry(entry.bytes) },
    defaults: defaults.get(id) ?? { duration: 0, size: 0, flags: 0 },
    duration: Math.round(timescale / FIRST_GUESS_RATE),
  };
}

/** The track's defaults with what a tfhd overrides (§8.8.7). */
function readTfhd(tfhd: Uint8Array, defaults: SampleDefaults): SampleDefaults {
  const data = view(tfhd);
  const flags = data.getUint32(0) & 0xffffff;
  const result = { ...defaults };
  let at = 8;
  if (flags & 0x01) at += 8;
  if (flags & 0x02) at += 4;
  if (flags & 0x08) result.duration = data.getUint32((at += 4) - 4);
  if (flags & 0x10) result.size = data.getUint32((at += 4) - 4);
  if (flags & 0x20) result.flags = data.getUint32(at);
  return result;
}

function readDecodeTime(tfdt: Uint8Array | undefined): number {
  if (!tfdt) return 0;
  return tfdt[0] === 1 ? Number(view(tfdt).getBigUint64(4)) : view(tfdt).getUint32(4);
}

/** Adds a trun's samples (§8.8.8) and returns the decode time after them. */
function readRun(
  trun: Uint8Array,
  state: TrackState,
  firstDts: number,
  defaults: SampleDefaults,
  into: FragmentSample[],
): number {
  const { track } = state;
  const data = view(trun);
  const flags = data.getUint32(0) & 0xffffff;
  const count = data.getUint32(4);
  let at = 8;
  const next = (): number => data.getUint32((at += 4) - 4);
  let offset = flags & 0x01 ? next() : 0;
  const firstFlags = flags & 0x04 ? next() : undefined;
  let dts = firstDts;
  if (count > MAX_SAMPLES - into.length)
    throw new RangeError(`a fragment of more than ${MAX_SAMPLES} samples`);
  for (let index = 0; index < count; index++) {
    const told = flags & 0x100 ? next() : defaults.duration;
    if (told > UNKNOWN_DURATION) state.duration = told;
    const { duration } = state;
    const size = flags & 0x200 ? next() : defaults.size;
    const own = flags & 0x400 ? next() : defaults.flags;
    const sampleFlags = index === 0 && firstFlags !== undefined ? firstFlags : own;
    const compositionOffset = flags & 0x800 ? next() | 0 : 0;
    const key = track.kind === 'audio' || (sampleFlags & NON_SYNC) === 0;
    into.push({ sample: { track: track.id, dts, compositionOffset, duration, key }, offset, size });
    offset += size;
    dts += duration;
  }
  return dts;
}
