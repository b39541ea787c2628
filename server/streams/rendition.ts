import { LiveMp4 } from '../hls/live-mp4.js';
import { isIndependent, reportOf, writeMediaPlaylist, type MediaNames } from '../hls/media-playlist.js';
import type { Variant } from '../hls/multivariant-playlist.js';
import type { Sample, SampleDrop, Track } from '../hls/sample.js';
import { measureBitrate } from '../hls/bitrate.js';
import { Segmenter, type Timeline, type TimelinePosition } from '../hls/segmenter.js';
import { Window, type WindowPosition } from '../hls/window.js';
import type { PackagingOptions } from '../options.js';

/** Of a rendition that is made from another one. */
export interface DerivedFrom {
  /** The other one's, which it is on. */
  source: Rendition;
  /** What the multivariant playlist says of it before anything was made. */
  expected(): Pick<Variant, 'codecs' | 'bandwidth' | 'averageBandwidth'>;
}

/** Where a rendition goes on that another process began. */
export interface RenditionPosition extends WindowPosition, TimelinePosition {
  /** See the constructor of {@link Rendition}. */
  epoch: string;
  /** See {@link Rendition.mediaEpoch}. */
  mediaEpoch: string;
  /** EXT-X-TARGETDURATION, which never changes. Seconds. */
  targetDuration: number;
}

/** The longest segment, seconds: a key frame may come just before the wanted length. */
export function targetDuration({ segmentDuration, keyFrameInterval }: PackagingOptions): number {
  return Math.ceil(segmentDuration + keyFrameInterval);
}

/** One encoding of a stream: what is packaged of it and what its playlists say. */
export class Rendition {
  readonly window: Window;
  readonly names: MediaNames;
  /** What the names of its media begin with: what another process named may be in caches as immutable. */
  readonly mediaEpoch: string;
  /** The same media as one endless file. */
  readonly live: LiveMp4;
  readonly #segmenter: Segmenter;
  #tracks: readonly Track[] = [];
  #playlists = new Map<boolean, { version: number; text: string }>();
  #siblings: readonly Rendition[] = [];

  /**
   * @param epoch tells this run of the stream from earlier ones under the same id, whose media may still be
   *   in caches as immutable
   * @param now the time of day by which it is dated, milliseconds since the epoch
   */
  constructor(
    readonly name: string,
    readonly epoch: string,
    packaging: PackagingOptions,
    private readonly derived?: DerivedFrom,
    now: () => number = Date.now,
    /** Where another process left off. */
    from?: RenditionPosition,
  ) {
    this.window = new Window({
      targetDuration: targetDuration(packaging),
      segments: packaging.windowSegments,
      bytes: packaging.windowBytes,
    });
    this.live = new LiveMp4(this.window);
    this.#segmenter = new Segmenter(packaging, this.window, now, this.live, derived?.source.timeline);
    if (from) {
      this.window.continueFrom(from);
      this.#segmenter.continueFrom(from);
    }
    // Later than the one before, also where the clock was set back.
    const media = from ? Math.max(Date.now(), parseInt(from.mediaEpoch, 36) + 1).toString(36) : epoch;
    this.mediaEpoch = media;
    this.names = {
      init: (id) => `${media}-i${id}.mp4`,
      segment: (msn) => `${media}-s${msn}.m4s`,
      part: (number) => `${media}-p${number}.m4s`,
    };
  }

  /** Where another process would go on. */
  get position(): RenditionPosition {
    const { epoch, mediaEpoch, window } = this;
    const { targetDuration } = window.options;
    return { epoch, mediaEpoch, targetDuration, ...window.position, ...this.#segmenter.position };
  }

  /** The stream's other renditions, which its playlists report. */
  set siblings(siblings: readonly Rendition[]) {
    this.#siblings = siblings.filter((each) => each !== this);
    this.#playlists.clear();
  }

  /** It is made from another one, while somebody asks for it. */
  get isDerived(): boolean {
    return this.derived !== undefined;
  }

  /** For renditions that are made from this one. */
  get timeline(): Timeline {
    return this.#segmenter;
  }

  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  /** See {@link Segmenter.start}. */
  start(tracks: readonly Track[], receivedAt?: number): void {
    this.#tracks = tracks;
    this.#segmenter.start(tracks, receivedAt);
  }

  /** See {@link Segmenter.push}. */
  push(sample: Sample): SampleDrop | undefined {
    return this.#segmenter.push(sample);
  }

  /** See {@link Segmenter.setCaptureClock}. */
  setCaptureClock(sourceTime: number, wallClock: number): void {
    this.#segmenter.setCaptureClock(sourceTime, wallClock);
  }

  end(): void {
    this.#segmenter.end();
  }

  /** See {@link Segmenter.suspend}. */
  suspend(): void {
    this.#segmenter.suspend();
  }

  /** The media playlist as it stands, made once for all who ask for it. */
  mediaPlaylist(skip: boolean): { version: number; text: string } {
    const siblings = this.#siblings;
    // Versions only grow, so that their sum tells whether any of them has changed.
    const version = siblings.reduce((sum, { window }) => sum + window.version, this.window.version);
    const made = this.#playlists.get(skip);
    if (made?.version === version) return made;
    const reports = siblings.flatMap(
      ({ name, epoch, window }) => reportOf(window, `../${name}/${epoch}.m3u8`) ?? [],
    );
    const fresh = { version, text: writeMediaPlaylist(this.window, this.names, { skip, reports }) };
    this.#playlists.set(skip, fresh);
    return fresh;
  }

  /** What the multivariant playlist says of it, measured on the segments in the window. */
  describe(): Variant {
    const uri = `${this.name}/${this.epoch}.m3u8`;
    if (this.derived && !this.window.playable) {
      return { ...this.derived.source.describe(), uri, ...this.derived.expected() };
    }
    const { peak, average } = measureBitrate(this.window);
    const video = this.#tracks.find((track) => track.kind === 'video');
    return {
      uri,
      bandwidth: peak,
      averageBandwidth: average,
      codecs: this.#tracks.map((track) => track.codec),
      width: video?.width,
      height: video?.height,
      frameRate: video ? this.#segmenter.frameRate : undefined,
      independent: isIndependent(this.window),
    };
  }
}
