import type { ReplayBuffer } from './replay-buffer.js';

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
  /** What was read, and where reading can start again. */
  readonly replay: ReplayBuffer;
  /** The beginning of something that is not whole yet: it comes behind what is in `replay`. */
  readonly partial: Uint8Array;
  push(bytes: Uint8Array): void;
}
