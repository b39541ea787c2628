import { concatenate } from './mp4-stream.js';

/** Played media that is kept for a look back, seconds. */
const BACK_BUFFER = 10;

/** So much more, seconds, before it is removed: not at every frame. */
const BACK_BUFFER_SLACK = 5;

/** Where the browser's memory for media is full, only so much is kept behind the playhead, seconds. */
const TIGHT_BACK_BUFFER = 1;

/** Bytes that wait for the browser to take them: more is no live stream any more. */
const MAX_QUEUE = 16 * 1024 * 1024;

export interface MseSinkOptions {
  /** Played media that is kept, seconds. @default 10 */
  backBuffer?: number | undefined;
  /** Bytes that may wait until the browser takes them. @default 16 MiB */
  maxQueue?: number | undefined;
}

export interface MseSinkEvents {
  /** The video element has more media than before. */
  onAppended(): void;
  /** It takes nothing any more: close it. */
  onError(error: Error): void;
}

interface ManagedMediaSource extends MediaSource {
  readonly streaming: boolean;
}

type MediaSourceClass = typeof MediaSource;

/** MSE where there is any, Managed Media Source on iPhones. */
export function mediaSourceClass(): MediaSourceClass | undefined {
  const scope = globalThis as { MediaSource?: MediaSourceClass; ManagedMediaSource?: MediaSourceClass };
  return scope.MediaSource ?? scope.ManagedMediaSource;
}

/**
 * The type by which this browser takes an MP4 of these codecs: Safari wants `Opus` where others want `opus`.
 * @returns undefined where it takes none
 */
export function supportedMp4Type(
  codecs: readonly string[],
  isSupported: ((type: string) => boolean) | undefined = (type) =>
    mediaSourceClass()?.isTypeSupported(type) ?? false,
): string | undefined {
  const type = (names: readonly string[]): string => `video/mp4; codecs="${names.join(',')}"`;
  const spelled = (name: string) => codecs.map((codec) => (codec.toLowerCase() === 'opus' ? name : codec));
  return [type(spelled('opus')), type(spelled('Opus'))].find((candidate) => isSupported(candidate));
}

/** Brings one muxed MP4 stream into a video element by Media Source Extensions, in order, and removes what was watched. */
export class MseSink {
  readonly #video: HTMLVideoElement;
  readonly #events: MseSinkEvents;
  readonly #backBuffer: number;
  readonly #maxQueue: number;
  readonly #source: MediaSource;
  readonly #url: string;
  readonly #listeners = new AbortController();
  #buffer: SourceBuffer | undefined;
  #type: string | undefined;
  #queue: (Uint8Array<ArrayBuffer> | { type: string; timestampOffset: number })[] = [];
  #queuedBytes = 0;
  #isTight = false;
  #isEnding = false;
  /** It takes nothing any more. */
  #isStopped = false;
  #isClosed = false;

  /** @throws Error where the browser has no Media Source Extensions */
  constructor(video: HTMLVideoElement, events: MseSinkEvents, options: MseSinkOptions = {}) {
    const Source = mediaSourceClass();
    if (!Source) throw new Error('This browser has no Media Source Extensions.');
    this.#video = video;
    this.#events = events;
    this.#backBuffer = options.backBuffer ?? BACK_BUFFER;
    this.#maxQueue = options.maxQueue ?? MAX_QUEUE;
    this.#source = new Source();
    const { signal } = this.#listeners;
    // Managed ones also say when to stop (`endstreaming`): a live stream has never so much in store that it could.
    for (const type of ['sourceopen', 'startstreaming'])
      this.#source.addEventListener(type, () => this.#next(), { signal });
    video.addEventListener('error', () => this.#fail(new Error(video.error?.message || 'decoding failed')), {
      signal,
    });
    // An iPhone opens a Managed Media Source only where the picture cannot go elsewhere.
    if ('streaming' in this.#source) video.disableRemotePlayback = true;
    this.#url = URL.createObjectURL(this.#source);
    video.src = this.#url;
  }

  /** End of the last buffered range, media time. */
  get bufferedEnd(): number | undefined {
    const { buffered } = this.#video;
    return buffered.length > 0 ? buffered.end(buffered.length - 1) : undefined;
  }

  /** Bytes that the browser has not taken yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /**
   * An init segment: what follows is of its kind.
   * @param type as `isTypeSupported` knows it
   * @param timestampOffset added to the times of what follows, seconds
   */
  init(type: string, bytes: Uint8Array<ArrayBuffer>, timestampOffset: number): void {
    if (this.#isStopped) return;
    this.#queue.push({ type, timestampOffset });
    this.append(bytes);
  }

  append(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#isStopped) return;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > this.#maxQueue) {
      this.#fail(new Error(`${this.#queuedBytes} bytes wait for the browser (at most ${this.#maxQueue}).`));
    } else this.#next();
  }

  /** There will be no more: the video ends when everything was played. */
  end(): void {
    this.#isEnding = true;
    this.#next();
  }

  /** Leaves the video element as it was. To be called after an error, too. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stop();
    URL.revokeObjectURL(this.#url);
    if (this.#video.src !== this.#url) return;
    this.#video.removeAttribute('src');
    this.#video.load();
    // Where this one was to begin says nothing about the next.
    this.#video.currentTime = 0;
  }

  #stop(): void {
    this.#isStopped = true;
    this.#listeners.abort();
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  #fail(error: Error): void {
    if (this.#isStopped) return;
    this.#stop();
    this.#events.onError(error);
  }

  #next(): void {
    const source = this.#source;
    if (this.#isStopped || source.readyState !== 'open' || this.#buffer?.updating) return;
    // Only to begin with: see the constructor.
    if (!this.#buffer && 'streaming' in source && !(source as ManagedMediaSource).streaming) return;
    try {
      if (this.#evict()) return;
      while (this.#queue[0] && !(this.#queue[0] instanceof Uint8Array)) {
        this.#prepare(this.#queue[0]);
        this.#queue.shift();
      }
      if (this.#queue.length > 0) this.#append();
      else if (this.#isEnding) source.endOfStream();
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #prepare({ type, timestampOffset }: { type: string; timestampOffset: number }): void {
    if (!this.#buffer) {
      this.#source.duration = Infinity;
      this.#buffer = this.#source.addSourceBuffer(type);
      const { signal } = this.#listeners;
      this.#buffer.addEventListener('updateend', () => this.#updated(), { signal });
    } else if (type !== this.#type) this.#buffer.changeType(type);
    this.#type = type;
    if (this.#buffer.timestampOffset !== timestampOffset) this.#buffer.timestampOffset = timestampOffset;
  }

  /** Everything up to the next init segment at once: an append costs as much for a frame as for twenty. */
  #append(): void {
    const end = this.#queue.findIndex((entry) => !(entry instanceof Uint8Array));
    const parts = this.#queue.slice(0, end < 0 ? undefined : end) as Uint8Array<ArrayBuffer>[];
    const bytes = parts.length === 1 && parts[0] ? parts[0] : concatenate(parts);
    try {
      this.#buffer?.appendBuffer(bytes);
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'QuotaExceededError' || this.#isTight)
        throw error;
      this.#isTight = true;
      // Nothing to remove: then it will not fit either.
      if (!this.#evict()) throw error;
      return;
    }
    this.#isTight = false;
    this.#queue.splice(0, parts.length);
    this.#queuedBytes -= bytes.length;
  }

  #updated(): void {
    if (this.#isStopped) return;
    this.#events.onAppended();
    this.#next();
  }

  /** @returns whether it is at work */
  #evict(): boolean {
    const start = this.#buffer?.buffered.length ? this.#buffer.buffered.start(0) : undefined;
    const kept = this.#isTight ? TIGHT_BACK_BUFFER : this.#backBuffer;
    const slack = this.#isTight ? 0 : BACK_BUFFER_SLACK;
    const until = this.#video.currentTime - kept;
    if (!this.#buffer || start === undefined || until - start <= slack) return false;
    this.#buffer.remove(start, until);
    return true;
  }
}
