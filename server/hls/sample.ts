/** One track of a stream. */
export interface Track {
  /** Its number within the stream, from 1; the track_ID in what is written. */
  id: number;
  kind: 'video' | 'audio';
  /** Units a second of its samples' times. */
  timescale: number;
  /** RFC 6381, for example `avc1.42E01F` or `mp4a.40.2`. */
  codec: string;
  /** The sample entry box as it stands in the `stsd` (ISO/IEC 14496-12 §8.5.2). */
  sampleEntry: Uint8Array;
  /** Video only, pixels. */
  width?: number;
  height?: number;
  /** Video only, frames a second, where the source says so and keeps to it; else it is learnt from the first frames. */
  frameRate?: number;
  /** Audio only. */
  sampleRate?: number;
  channels?: number;
}

/** One coded frame. Times are in its track's timescale. */
export interface Sample {
  track: number;
  /** Decode time. */
  dts: number;
  /** Presentation time less decode time. */
  compositionOffset: number;
  duration: number;
  /** Decoding can start here. True for audio. */
  key: boolean;
  data: Uint8Array;
}

/** Why a sample was left out. */
export type SampleDrop =
  /** The run has no such track. */
  | 'unknown-track'
  /** A run begins with a key frame of the primary track. */
  | 'waiting-for-key'
  /** It lies before the key frame that its run began with. */
  | 'before-start'
  /** Too far ahead of the primary track to belong to it. */
  | 'off-clock'
  /** There is one of its time already. */
  | 'overlap'
  /** The stream has ended, or goes on elsewhere. */
  | 'over';

/** The track by which parts and segments are cut: video where there is any. */
export function primaryTrack(tracks: readonly Track[]): Track | undefined {
  return tracks.find((track) => track.kind === 'video') ?? tracks[0];
}
