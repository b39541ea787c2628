import { ascii, box, concat, fullBox, u16, u32, u8 } from './boxes.js';
import type { Track } from './sample.js';

/** Movie timescale; only durations of zero are written in it. */
const MOVIE_TIMESCALE = 1000;

/** The identity matrix of mvhd and tkhd (ISO/IEC 14496-12 §8.2.2). */
const IDENTITY = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** A Media Initialization Section (RFC 8216bis §3.1.1): `ftyp` and `moov` of a stream's tracks. */
export function writeInitSegment(tracks: readonly Track[]): Uint8Array {
  const nextTrackId = Math.max(...tracks.map((track) => track.id)) + 1;
  return concat([
    box('ftyp', ascii('iso6'), u32(0), ascii('iso6'), ascii('mp41')),
    box(
      'moov',
      fullBox(
        'mvhd',
        0,
        0,
        u32(0, 0, MOVIE_TIMESCALE, 0, 0x10000),
        u16(0x100, 0),
        u32(0, 0),
        IDENTITY,
        u32(0, 0, 0, 0, 0, 0, nextTrackId),
      ),
      ...tracks.map(trak),
      box('mvex', ...tracks.map((track) => fullBox('trex', 0, 0, u32(track.id, 1, 0, 0, 0)))),
    ),
  ]);
}

function trak(track: Track): Uint8Array {
  const video = track.kind === 'video';
  return box(
    'trak',
    fullBox(
      'tkhd',
      0,
      // track_enabled and track_in_movie.
      3,
      u32(0, 0, track.id, 0, 0, 0, 0),
      u16(0, 0, video ? 0 : 0x100, 0),
      IDENTITY,
      u32((track.width ?? 0) << 16, (track.height ?? 0) << 16),
    ),
    box(
      'mdia',
      // The language is "und", three letters of five bits (§8.4.2).
      fullBox('mdhd', 0, 0, u32(0, 0, track.timescale, 0), u16(0x55c4, 0)),
      fullBox('hdlr', 0, 0, u32(0), ascii(video ? 'vide' : 'soun'), u32(0, 0, 0), u8(0)),
      box(
        'minf',
        video ? fullBox('vmhd', 0, 1, u16(0, 0, 0, 0)) : fullBox('smhd', 0, 0, u16(0, 0)),
        box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1))),
        box(
          'stbl',
          fullBox('stsd', 0, 0, u32(1), track.sampleEntry),
          fullBox('stts', 0, 0, u32(0)),
          fullBox('stsc', 0, 0, u32(0)),
          fullBox('stsz', 0, 0, u32(0, 0)),
          fullBox('stco', 0, 0, u32(0)),
        ),
      ),
    ),
  );
}
