import { findBox, readBoxes, view } from '../../server/hls/boxes.js';

/** A track as an init segment declares it. */
export interface InitTrack {
  kind: 'video' | 'audio';
  timescale: number;
}

export interface TimedSample {
  /** Decode time, seconds. */
  start: number;
  /** Presentation time, seconds. */
  shown: number;
  /** Seconds. */
  duration: number;
  isKey: boolean;
}

/** One track's samples in a part. */
export interface TimedRun {
  track: number;
  kind: InitTrack['kind'];
  /** Where the track goes on, seconds: its `tfdt`. */
  start: number;
  /** Where its last sample ends, seconds. */
  end: number;
  samples: TimedSample[];
}

/** The tracks of an init segment, by track_ID. */
export function readInitTracks(init: Uint8Array): Map<number, InitTrack> {
  const tracks = new Map<number, InitTrack>();
  const moov = findBox(init, 'moov')!.body;
  for (const trak of readBoxes(moov)) {
    if (trak.type !== 'trak') continue;
    const id = view(findBox(trak.body, 'tkhd')!.body).getUint32(12);
    const timescale = view(findBox(trak.body, 'mdia', 'mdhd')!.body).getUint32(12);
    const handler = view(findBox(trak.body, 'mdia', 'hdlr')!.body).getUint32(8);
    tracks.set(id, { kind: handler === 0x76696465 ? 'video' : 'audio', timescale });
  }
  return tracks;
}

/**
 * The times of a part's samples as a player computes them (ISO/IEC 14496-12 §8.8.12): a track's `tfdt`, then the durations of
 * the samples before.
 */
export function readTimes(part: Uint8Array, tracks: ReadonlyMap<number, InitTrack>): TimedRun[] {
  const runs: TimedRun[] = [];
  for (const moof of readBoxes(part)) {
    if (moof.type !== 'moof') continue;
    for (const traf of readBoxes(moof.body)) if (traf.type === 'traf') runs.push(readRun(traf.body, tracks));
  }
  return runs;
}

function readRun(traf: Uint8Array, tracks: ReadonlyMap<number, InitTrack>): TimedRun {
  const id = view(findBox(traf, 'tfhd')!.body).getUint32(4);
  const track = tracks.get(id);
  if (!track) throw new Error(`track ${id} is not in the init segment`);
  const { kind, timescale } = track;
  const begin = Number(view(findBox(traf, 'tfdt')!.body).getBigUint64(4));
  let ticks = begin;
  const samples: TimedSample[] = [];
  const trun = findBox(traf, 'trun')?.body;
  const count = trun ? view(trun).getUint32(4) : 0;
  for (let index = 0; index < count; index++) {
    // Duration, size, flags, composition offset: what the server writes of each sample.
    const at = 12 + index * 16;
    const duration = view(trun!).getUint32(at);
    const isKey = (view(trun!).getUint32(at + 8) & 0x00010000) === 0;
    const shown = ticks + view(trun!).getInt32(at + 12);
    samples.push({
      ...{ start: ticks / timescale, shown: shown / timescale },
      ...{ duration: duration / timescale, isKey },
    });
    ticks += duration;
  }
  return { track: id, kind, start: begin / timescale, end: ticks / timescale, samples };
}
