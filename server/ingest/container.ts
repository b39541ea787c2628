import type { Replay } from './replay-buffer.js';

export type ContainerKind = 'webm' | 'mp4' | 'mpegts';

/** What a file's tracks are coded as, as far as the transcoder needs to know. */
export interface ContainerCodecs {
  /** H.264 that browsers decode: 4:2:0, 8 bits. */
  video: 'h264' | 'other' | undefined;
  audio: 'aac' | 'other' | undefined;
}

/** Follows a file as it arrives: what is in it, and where reading can start again. */
export interface ContainerScanner {
  readonly kind: ContainerKind;
  /** Known once the header is complete. */
  readonly codecs: ContainerCodecs | undefined;
  /** How many places where reading can start have come by. */
  readonly boundaries: number;
  push(bytes: Uint8Array): void;
  /**
   * The transcoder has given a sample of its main track: the picture, or the sound where there is none.
   * @param time seconds on the transcoder's clock
   */
  cameOut(time: number, isKey: boolean): void;
  /** What a new transcoder needs: the header, and everything since the last place where reading can start of which all before is out. */
  replay(): Replay;
}
