import { FragmentReader } from '../hls/fragment-reader.js';
import { LiveViewer, type LiveSink } from '../hls/live-mp4-viewer.js';
import { primaryTrack, type Sample, type Track } from '../hls/sample.js';
import type { Limits } from '../options.js';
import type { Rendition } from '../streams/rendition.js';
import type { Transcoder, TranscoderFactory } from './transcoder.js';

export interface AacRunOptions {
  /** For logs. */
  streamId: string;
  transcoders: TranscoderFactory;
  limits: Limits;
  /** Of encoded video, which there is none of here, seconds. */
  keyFrameInterval: number;
}

/** How long a transcoder may take to write out what it holds when its input has ended, milliseconds. */
const FLUSH_TIME = 5000;

export interface AacRunEvents {
  isWanted(): boolean;
  /** Media comes out. */
  onProgress(): void;
  /** Nothing more comes. */
  onOver(error?: Error): void;
}

/** One transcoder from its start to its end. */
export class AacRun {
  readonly #transcoder: Transcoder;
  readonly #viewer: LiveViewer;
  /** Where the source began, seconds on its timeline. */
  #sourceStart: number | undefined;
  /** Added to the transcoder's times, seconds. */
  #shift: number | undefined;
  #primary: Track | undefined;
  #tracks: readonly Track[] = [];
  #blocked = false;
  #flush: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  constructor(
    private readonly source: Rendition,
    private readonly rendition: Rendition,
    options: AacRunOptions,
    private readonly events: AacRunEvents,
    fromNext: boolean,
  ) {
    const { streamId, transcoders, keyFrameInterval, limits } = options;
    const output = new FragmentReader({
      onTracks: (tracks) => {
        this.#tracks = tracks;
        rendition.start(tracks);
      },
      onSample: (sample) => this.#onSample(sample),
    });
    this.#transcoder = transcoders.start(
      {
        streamId,
        container: 'mp4',
        video: 'copy',
        audio: 'encode',
        keyFrameInterval,
      },
      {
        onOutput: (bytes) => {
          if (this.#over) return;
          try {
            output.push(bytes);
          } catch (error) {
            this.#finish(error as Error);
          }
        },
        onExit: (error) => this.#finish(error),
      },
    );
    this.#viewer = new LiveViewer(this.#sink(), limits);
    source.live.join(this.#viewer, 'part', fromNext);
  }

  /** The source goes on without it: what is under way still comes out. */
  end(): void {
    this.source.live.leave(this.#viewer);
    if (this.#over) return;
    this.#flush ??= setTimeout(() => this.#transcoder.kill(), FLUSH_TIME);
    this.#transcoder.end();
  }

  #sink(): LiveSink {
    const input = new FragmentReader({
      onTracks: (tracks) => {
        const primary = primaryTrack(tracks);
        if (primary) this.#primary = primary;
      },
      onSample: (sample) => {
        if (sample.track === this.#primary?.id) this.#sourceStart ??= sample.dts / this.#primary.timescale;
      },
    });
    const isBlocked = (): boolean => this.#blocked;
    const transcoder = (): Transcoder => this.#transcoder;
    return {
      // One that is slower than its input is treated like any viewer that is: it goes on at a later key frame.
      get queued() {
        return isBlocked() ? Number.MAX_SAFE_INTEGER : 0;
      },
      write: (bytes) => {
        if (this.#sourceStart === undefined) input.push(bytes);
        if (!transcoder().write(bytes)) this.#wait();
      },
      end: () => this.end(),
      abort: (reason) => this.#finish(reason),
    };
  }

  #wait(): void {
    this.#blocked = true;
    void this.#transcoder.drained().then(() => (this.#blocked = false));
  }

  #onSample(sample: Sample): void {
    const track = this.#tracks.find(({ id }) => id === sample.track);
    if (!track || this.#sourceStart === undefined) return;
    if (!this.events.isWanted()) {
      this.#finish();
      return;
    }
    if (this.#shift === undefined) {
      // The first picture in is the first picture out; the transcoder's clock may begin anywhere.
      if (track.kind !== primaryTrack(this.#tracks)?.kind) return;
      this.#shift = this.#sourceStart - sample.dts / track.timescale;
    }
    this.events.onProgress();
    this.rendition.push({ ...sample, dts: sample.dts + Math.round(this.#shift * track.timescale) });
  }

  #finish(error?: Error): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#flush);
    this.source.live.leave(this.#viewer);
    this.#transcoder.kill();
    this.events.onOver(error);
  }
}
