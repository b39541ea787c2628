import { view } from './boxes.js';
import type { Sample } from './sample.js';

/** The samples of one track in a fragment, in decode order. */
export interface Run {
  track: number;
  /** May be none: a picture may last longer than a part. */
  samples: readonly Sample[];
  /** Where the fragment begins for a track that has no sample in it, in the track's timescale. Default 0. */
  start?: number;
}

/** Sample flags (ISO/IEC 14496-12 §8.8.3.1): depends on no other sample; depends on others and is no sync sample. */
const SYNC_SAMPLE = 0x02000000;
const NON_SYNC_SAMPLE = 0x01010000;

const MOOF_HEADER = 8;
const MFHD = 16;
const TRAF_HEADER = 8;
const TFHD = 16;
const TFDT = 20;
const TRUN_HEADER = 20;
const TRUN_ENTRY = 16;

/**
 * A `moof` and its `mdat` (ISO/IEC 14496-12 §8.8). Written into one buffer of the exact size, since this
 * runs for every part of every stream.
 * @param sequence the fragment's number, rising
 * @param room bytes to leave free before it
 */
export function writeFragment(sequence: number, runs: readonly Run[], room = 0): Uint8Array<ArrayBuffer> {
  const moofSize = runs.reduce((sum, run) => sum + trafSize(run), MOOF_HEADER + MFHD);
  const mediaSize = runs.reduce((sum, run) => run.samples.reduce((all, s) => all + s.data.length, sum), 0);
  const whole = new Uint8Array(room + moofSize + 8 + mediaSize);
  const bytes = whole.subarray(room);
  const data = view(bytes);

  let at = header(data, 0, moofSize, 'moof');
  at = header(data, at, MFHD, 'mfhd');
  data.setUint32(at + 4, sequence);
  at += 8;

  let media = moofSize + 8;
  for (const run of runs) {
    at = writeTraf(data, at, run, media);
    for (const sample of run.samples) {
      bytes.set(sample.data, media);
      media += sample.data.length;
    }
  }
  header(data, moofSize, 8 + mediaSize, 'mdat');
  return whole;
}

function trafSize(run: Run): number {
  const trun = run.samples.length > 0 ? TRUN_HEADER + run.samples.length * TRUN_ENTRY : 0;
  return TRAF_HEADER + TFHD + TFDT + trun;
}

function writeTraf(data: DataView, start: number, run: Run, mediaOffset: number): number {
  let at = header(data, start, trafSize(run), 'traf');

  at = header(data, at, TFHD, 'tfhd');
  // default-base-is-moof; and, where there is none to come, duration-is-empty (§8.8.7). A track is named in every fragment: hls.js
  // (1.7) would take the times of a stream from another track where its own is missing.
  data.setUint32(at, run.samples.length > 0 ? 0x020000 : 0x030000);
  data.setUint32(at + 4, run.track);
  at += 8;

  at = header(data, at, TFDT, 'tfdt');
  data.setUint32(at, 1 << 24); // version 1: 64 bits
  data.setBigUint64(at + 4, BigInt(run.samples[0]?.dts ?? run.start ?? 0));
  at += 12;
  if (run.samples.length === 0) return at;

  at = header(data, at, TRUN_HEADER + run.samples.length * TRUN_ENTRY, 'trun');
  // Version 1, signed composition offsets; data offset, and each sample's duration, size, flags and offset.
  data.setUint32(at, (1 << 24) | 0x000f01);
  data.setUint32(at + 4, run.samples.length);
  data.setInt32(at + 8, mediaOffset);
  at += 12;
  for (const sample of run.samples) {
    data.setUint32(at, sample.duration);
    data.setUint32(at + 4, sample.data.length);
    data.setUint32(at + 8, sample.key ? SYNC_SAMPLE : NON_SYNC_SAMPLE);
    data.setInt32(at + 12, sample.compositionOffset);
    at += TRUN_ENTRY;
  }
  return at;
}

/** Writes a box header and returns where its body starts. */
function header(data: DataView, at: number, size: number, type: string): number {
  data.setUint32(at, size);
  for (let index = 0; index < 4; index++) data.setUint8(at + 4 + index, type.charCodeAt(index));
  return at + 8;
}
