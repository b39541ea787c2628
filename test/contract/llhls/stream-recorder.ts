import { nextPart, type HlsClient, type Playlist, type PlaylistPart } from '../../helpers/hls-client.js';
import type { RecordedSegment, StreamRecording } from './media-rules.js';

/** How a part answered while it was still to come, and what it was then. */
export interface HintedPart {
  uri: string;
  status: number;
  bytes: Buffer;
}

/**
 * Follows a live playlist by blocking reload to its end and keeps every version of it, with all parts, segments and init segments that
 * were listed.
 */
export class StreamRecorder {
  readonly playlists: Playlist[] = [];
  /** The hinted part of every version, asked for before it was there. */
  readonly hinted: HintedPart[] = [];
  /** Every version of the multivariant playlist that was asked for. */
  readonly multivariants: string[] = [];
  readonly ended: Promise<StreamRecording>;
  #parts = new Map<string, Buffer>();
  #media = new Map<string, Buffer>();
  #onVersion: (() => void) | undefined;
  #segments = new Map<number, { listed: PlaylistPart[]; segment: Playlist['segments'][number] }>();

  /** Starts as soon as there is something to play. */
  constructor(private readonly hls: HlsClient) {
    this.ended = this.#follow();
    this.ended.catch(() => {});
  }

  /** Length of what was offered so far, seconds. */
  get seconds(): number {
    let sum = 0;
    for (const { listed } of this.#segments.values()) for (const { duration } of listed) sum += duration;
    return sum;
  }

  /** Resolves when so much was offered. */
  async reaches(seconds: number): Promise<void> {
    while (this.seconds < seconds) {
      const next = new Promise<void>((resolve) => (this.#onVersion = resolve));
      const ended = await Promise.race([next, this.ended.then(() => true)]);
      if (ended) throw new Error(`the playlist ended after ${this.seconds} of ${seconds} s`);
    }
  }

  async #follow(): Promise<StreamRecording> {
    let playlist = await this.hls.playlist();
    let hinted: Promise<HintedPart> | undefined;
    for (;;) {
      this.playlists.push(playlist);
      await this.#take(playlist);
      this.#onVersion?.();
      if (hinted) this.hinted.push(await hinted);
      if (playlist.ended) break;
      hinted = this.#ask(playlist.hint!);
      playlist = await this.hls.playlist(nextPart(playlist));
    }
    this.multivariants.push(await (await fetch(this.hls.url)).text());
    return { playlists: this.playlists.map(({ text }) => text), segments: this.#wholeSegments() };
  }

  async #ask(uri: string): Promise<HintedPart> {
    const response = await this.hls.media(uri);
    return { uri, status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
  }

  async #take(playlist: Playlist): Promise<void> {
    for (const segment of playlist.segments) {
      const known = this.#segments.get(segment.msn);
      const listed = segment.parts.length > 0 ? segment.parts : (known?.listed ?? []);
      this.#segments.set(segment.msn, { listed, segment });
      for (const { uri } of segment.parts) {
        if (!this.#parts.has(uri)) this.#parts.set(uri, await this.hls.bytes(uri));
      }
      for (const uri of [segment.uri, segment.map]) {
        if (uri !== undefined && !this.#media.has(uri)) this.#media.set(uri, await this.hls.bytes(uri));
      }
    }
  }

  /** Those whose parts were all listed: the last ones come together with ENDLIST, and are in no playlist any more. */
  #wholeSegments(): RecordedSegment[] {
    const whole: RecordedSegment[] = [];
    for (const { listed, segment } of this.#segments.values()) {
      const sum = listed.reduce((total, part) => total + part.duration, 0);
      if (segment.uri === undefined || Math.abs(sum - segment.duration!) > 0.001) break;
      whole.push({
        ...{ msn: segment.msn, duration: segment.duration!, discontinuity: segment.discontinuity },
        init: this.#media.get(segment.map!)!,
        bytes: this.#media.get(segment.uri)!,
        parts: listed.map((part) => ({ ...part, bytes: this.#parts.get(part.uri)! })),
      });
    }
    return whole;
  }
}
