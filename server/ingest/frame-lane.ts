import type { Sample, Track } from '../hls/sample.js';
import type { TrackConfig } from '../protocol.js';
import { AudioTimeline } from './audio-timeline.js';
import type { ChunkReader, ReadChunk } from './chunk-reader.js';
import type { Frame } from './frame-reader.js';
import type { FrameTrack } from './frame-track.js';
import { JumpDetector } from './jump-detector.js';
import { VideoTimeline } from './video-timeline.js';

/** A frame that has been looked into. */
export interface ReadFrame extends ReadChunk {
  frame: Frame;
}

/** How far a track may go back before its clock is doubted, microseconds. */
const MAX_BACK = { video: 1e6, audio: 250_000 };

/** How far sound may go ahead before its clock is doubted, microseconds. */
const AUDIO_AHEAD = 250_000;

/** One track of a publisher: its configuration and where on its clock it is. */
export class FrameLane {
  config: TrackConfig;
  reader: ChunkReader;
  /** Its last configuration could not be served: what comes now belongs to that one. */
  refused = false;
  /** Came with a timestamp that only the next frame can make believable. */
  suspect: ReadFrame | undefined;
  /** What its reader takes for frames and has not proven to be such. */
  readonly unproven: ReadFrame[] = [];

  #video: VideoTimeline | undefined;
  #audio: AudioTimeline | undefined;
  #jumps!: JumpDetector;

  /** @param maxGap seconds */
  constructor(
    track: FrameTrack,
    private readonly maxGap: number,
  ) {
    this.config = track.config;
    this.reader = track.reader;
    this.restart();
  }

  get kind(): Track['kind'] {
    return this.config.kind;
  }

  /** Of its samples. */
  get sampleTrack(): Track | undefined {
    return this.reader.track;
  }

  /** Where its next frame should be, microseconds on the publisher's clock. */
  get expected(): number | undefined {
    return this.#video?.expected ?? this.#audio?.expected;
  }

  /** Begins anew, at any time. */
  restart(): void {
    const { config } = this;
    const ahead = config.kind === 'video' ? this.maxGap * 1e6 : AUDIO_AHEAD;
    this.#jumps = new JumpDetector(ahead, MAX_BACK[config.kind]);
    this.suspect = undefined;
    this.#video = config.kind === 'video' ? new VideoTimeline(config.frameRate) : undefined;
    this.#audio = undefined;
  }

  judge(timestamp: number): 'fits' | 'suspect' | 'jump' {
    return this.#jumps.judge(timestamp, this.expected);
  }

  /**
   * The sample of its next frame.
   * @returns undefined where it lies before what is there already
   */
  place({ frame, data, key, length = 0 }: ReadFrame): { sample: Sample; retimed: boolean } | undefined {
    const { id, timescale } = this.sampleTrack!;
    if (this.#video) {
      const { dts, duration, retimed } = this.#video.place(frame.timestamp, frame.duration);
      return { sample: { track: id, dts, compositionOffset: 0, duration, key, data }, retimed };
    }
    this.#audio ??= new AudioTimeline(timescale);
    const dts = this.#audio.place(frame.timestamp, length);
    if (dts === undefined) return undefined;
    return { sample: { track: id, dts, compositionOffset: 0, duration: length, key, data }, retimed: false };
  }
}
