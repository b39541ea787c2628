import { FragmentReader } from '../hls/fragment-reader.js';
import { LiveViewer, type LiveSink } from '../hls/live-mp4-viewer.js';
import { primaryTrack, type Sample, type SampleDrop, type Track } from '../hls/sample.js';
import type { Limits } from '../options.js';
import type { Rendition } from '../streams/rendition.js';
import type { TranscoderFactory } from './transcoder.js';
import { TranscoderRun, type TranscoderFailure } from './transcoder-run.js';

export interface AacRunOptions {
  /** For logs. */
  streamId: string;
  transcoders: TranscoderFactory;
  limits: Limits;
  /** Of encoded video, which there is none of here, seconds. */
  keyFrameInterval: number;
}

export interface AacRunEvents {
  isWanted(): boolean;
  /** Media comes out. */
  onProgress(): void;
  /** A sample was left out. */
  onDrop(drop: SampleDrop): void;
  /** Nothing more comes. */
  onOver(failure?: TranscoderFailure): void;
}

/** One transcoder from its start to its end. */
export class AacRun {
  readonly #transcoder: TranscoderRun;
  readonly #viewer: LiveViewer;
  /** Where the source began, seconds on its timeline. */
  #sourceStart: number | undefined;
  /** Added to the transcoder's times, seconds. */
  #shift: number | undefined;
  #primary: Track | undefined;
  #tracks: readonly Track[] = [];
  #over = false;

  constructor(
    private readonly source: Rendition,
    private readonly rendition: Rendition,
    options: AacRunOptions,
    private readonly events: AacRunEvents,
    fromNext: boolean,
  ) {
    const { streamId, transcoders, keyFrameInterval, limits } = options;
    this.#transcoder = new TranscoderRun(
      transcoders,
      { input: { streamId, container: 'mp4', video: 'copy', audio: 'encode', keyFrameInterval }, limits },
      {
        onTracks: (tracks) => {
          this.#tracks = tracks;
          rendition.start(tracks);
        },
        onSample: (sample) => this.#onSample(sample),
        onOver: (failure) => this.#finish(failure),
      },
    );
    this.#viewer = new LiveViewer(this.#sink(), limits);
    // By parts it would be more than one behind: a part is whole when the encoder has sound of the next one.
    source.live.join(this.#viewer, 'frame', fromNext);
  }

  /** The source goes on without it: what is under way still comes out. */
  end(): void {
    this.source.live.leave(this.#viewer);
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
    const transcoder = this.#transcoder;
    return {
      // One that is slower than its input is treated like any viewer that is: it goes on at a later key frame.
      get queued() {
        return transcoder.isBlocked ? Number.MAX_SAFE_INTEGER : 0;
      },
      write: (bytes) => {
        if (this.#sourceStart === undefined) input.push(bytes);
        if (!transcoder.write(bytes)) void transcoder.drained();
      },
      end: () => this.end(),
      abort: ({ message }) => this.#finish({ fault: 'stall', reason: message, blamesInput: false }),
    };
  }

  #onSample(sample: Sample): void {
    const track = this.#tracks.find(({ id }) => id === sample.track);
    if (!track) return this.events.onDrop('unknown-track');
    if (!this.events.isWanted()) {
      this.#finish();
      return;
    }
    if (this.#shift === undefined) {
      // The first picture in is the first picture out; the transcoder's clock may begin anywhere.
      if (this.#sourceStart === undefined || track.kind !== primaryTrack(this.#tracks)?.kind) {
        return this.events.onDrop('waiting-for-key');
      }
      this.#shift = this.#sourceStart - sample.dts / track.timescale;
    }
    this.events.onProgress();
    const shift = Math.round(this.#shift * track.timescale);
    const drop = this.rendition.push({ ...sample, dts: sample.dts + shift });
    if (drop) this.events.onDrop(drop);
  }

  #finish(failure?: TranscoderFailure): void {
    if (this.#over) return;
    this.#over = true;
    this.source.live.leave(this.#viewer);
    this.#transcoder.kill();
    this.events.onOver(failure);
  }
}
