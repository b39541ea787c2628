import { findBox, readBoxes, view } from '../hls/boxes.js';

/** The track of a file's pictures, or of its sound where there are none. */
export interface MainTrack {
  id: number;
  /** Ticks a second. */
  timescale: number;
  isVideo: boolean;
  /** Of samples that say nothing of themselves (`trex`). */
  flags: number;
}

/** What a fragment begins with. */
export interface FragmentStart {
  /** Its main track begins with a key frame; true also where that cannot be told. */
  canStart: boolean;
  /** Of its main track, seconds; undefined: it says none. */
  time: number | undefined;
}

/** `sample_is_non_sync_sample` (ISO/IEC 14496-12 §8.8.3.1). */
const NON_SYNC = 0x00010000;

const UNKNOWN: FragmentStart = { canStart: true, time: undefined };

/** @returns undefined where the header is damaged */
export function readMainTrack(header: Uint8Array): MainTrack | undefined {
  try {
    const moov = findBox(header, 'moov')?.body ?? new Uint8Array(0);
    const tracks = [...readBoxes(moov)].flatMap(({ type, body }) => (type === 'trak' ? readTrack(body) : []));
    const main = tracks.find(({ isVideo }) => isVideo) ?? tracks[0];
    for (const { type, body } of readBoxes(findBox(moov, 'mvex')?.body ?? new Uint8Array(0))) {
      if (main && type === 'trex' && view(body).getUint32(4) === main.id)
        main.flags = view(body).getUint32(20);
    }
    return main;
  } catch {
    return undefined;
  }
}

function readTrack(trak: Uint8Array): MainTrack[] {
  const tkhd = findBox(trak, 'tkhd')?.body;
  const mdhd = findBox(trak, 'mdia', 'mdhd')?.body;
  const hdlr = findBox(trak, 'mdia', 'hdlr')?.body;
  if (!tkhd || !mdhd || !hdlr) return [];
  const kind = String.fromCharCode(...hdlr.subarray(8, 12));
  if (kind !== 'vide' && kind !== 'soun') return [];
  return [
    {
      id: view(tkhd).getUint32(tkhd[0] === 1 ? 20 : 12),
      timescale: view(mdhd).getUint32(mdhd[0] === 1 ? 20 : 12),
      isVideo: kind === 'vide',
      flags: 0,
    },
  ];
}

/** @param moof the body of a `moof` (§8.8.4) */
export function readFragmentStart(moof: Uint8Array, track: MainTrack | undefined): FragmentStart {
  if (!track) return UNKNOWN;
  try {
    const fragments = [...readBoxes(moof)].filter(({ type }) => type === 'traf');
    const main = fragments.find(({ body }) => {
      const tfhd = findBox(body, 'tfhd')?.body;
      return tfhd && view(tfhd).getUint32(4) === track.id;
    });
    // Sound alone is no beginning: a picture belongs to it.
    if (!main) return fragments.length === 0 ? UNKNOWN : { canStart: false, time: undefined };
    const tfdt = findBox(main.body, 'tfdt')?.body;
    const flags = firstFlags(main.body) ?? track.flags;
    return {
      canStart: !track.isVideo || (flags & NON_SYNC) === 0,
      time: tfdt && readTime(tfdt) / track.timescale,
    };
  } catch {
    return UNKNOWN;
  }
}

function readTime(tfdt: Uint8Array): number {
  return tfdt[0] === 1 ? Number(view(tfdt).getBigUint64(4)) : view(tfdt).getUint32(4);
}

/** Of a `traf`'s first sample (§8.8.7, §8.8.8). */
function firstFlags(traf: Uint8Array): number | undefined {
  const trun = findBox(traf, 'trun')?.body;
  if (trun) {
    const flags = view(trun).getUint32(0);
    let at = flags & 0x01 ? 12 : 8;
    if (flags & 0x04) return view(trun).getUint32(at);
    if (flags & 0x100) at += 4;
    if (flags & 0x200) at += 4;
    if (flags & 0x400) return view(trun).getUint32(at);
  }
  const tfhd = findBox(traf, 'tfhd')?.body;
  if (!tfhd) return undefined;
  const flags = view(tfhd).getUint32(0);
  if ((flags & 0x20) === 0) return undefined;
  // What may stand before it, and the bytes that it takes.
  const before = { 0x01: 8, 0x02: 4, 0x08: 4, 0x10: 4 };
  let at = 8;
  for (const [flag, size] of Object.entries(before)) if (flags & Number(flag)) at += size;
  return view(tfhd).getUint32(at);
}
