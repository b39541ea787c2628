import {
  nextPart,
  readPlaylist,
  type Directives,
  type HlsClient,
  type Playlist,
  type PlaylistPart,
  type PlaylistSegment,
} from '../../helpers/hls-client.js';
import type { RecordedSegment, StreamRecording } from './media-rules.js';

/** How a part answered while it was still to come, and what it was then. */
export interface HintedPart {
  uri: string;
  status: number;
  bytes: Buffer;
}

/** A delta update, asked for together with the whole playlist, by a client that knows the one before. */
export interface RecordedDelta {
  known: Playlist;
  delta: Playlist;
  whole: Playlist;
}

/** What could still be had when it was in no playlist any more. */
export interface LateRequest {
  uri: string;
  status: number;
  /** It is what it was. */
  isSame: boolean;
}

/** Headers of an answer. */
export interface RecordedHeaders {
  uri: string;
  encoding: string | null;
  cacheControl: string | null;
}

/**
 * Follows a live playlist by blocking reload to its end and keeps every version of it, with all parts, segments and init segments that
 * were listed.
 */
export class StreamRecorder {
  readonly playlists: Playlist[] = [];
  /** The hinted part of every version, asked for before it was there. */
  readonly hinted: HintedPart[] = [];
  readonly deltas: RecordedDelta[] = [];
  /** Parts that have just left the playlist, while their segment is in it. */
  readonly unlistedParts: LateRequest[] = [];
  /** All segments that have left the playlist, and a part of each, when it has ended. */
  readonly unlistedSegments: LateRequest[] = [];
  /** Of playlists that it waited for, but for the end. */
  readonly playlistHeaders: RecordedHeaders[] = [];
  readonly mediaHeaders: RecordedHeaders[] = [];
  /** Every version of the multivariant playlist that was asked for. */
  readonly multivariants: string[] = [];
  readonly ended: Promise<StreamRecording>;
  #media = new Map<string, Buffer>();
  #onVersion = new Set<() => void>();
  #segments = new Map<number, { listed: PlaylistPart[]; segment: PlaylistSegment }>();

  /** Starts as soon as there is something to play. */
  constructor(private readonly hls: HlsClient) {
    this.ended = this.#follow();
    this.ended.catch(() => {});
  }

  /** Length of what was offered so far, seconds. */
  get seconds(): number {
    let sum = 0;
    for (const { listed, segment } of this.#segments.values()) {
      sum += segment.duration ?? listed.reduce((total, { duration }) => total + duration, 0);
    }
    return sum;
  }

  /** Resolves when so much was offered. */
  reaches(seconds: number): Promise<void> {
    return this.#until(() => this.seconds >= seconds);
  }

  /** Resolves when so much was offered, and the newest segment is growing. */
  reachesMiddle(seconds: number): Promise<void> {
    return this.#until(() => {
      const last = this.playlists.at(-1)?.segments.at(-1);
      return this.seconds >= seconds && last !== undefined && !last.uri && last.parts.length > 1;
    });
  }

  /**
   * When a part ends by the playlist's dates, milliseconds since the epoch.
   * @returns undefined where it was never listed
   */
  endOf(msn: number, part: number): number | undefined {
    const { listed = [], segment } = this.#segments.get(msn) ?? {};
    if (segment?.programDateTime === undefined || !listed[part]) return undefined;
    const seconds = listed.slice(0, part + 1).reduce((sum, { duration }) => sum + duration, 0);
    return segment.programDateTime + seconds * 1000;
  }

  /** Where its runs of media begin: the discontinuity sequence number of each, and the date of its first segment that was listed. */
  get runStarts(): { sequence: number; date: number }[] {
    const starts = new Map<number, number>();
    for (const { discontinuitySequence, skipped, segments } of this.playlists) {
      if (skipped > 0) continue;
      let sequence = discontinuitySequence;
      for (const { discontinuity, programDateTime } of segments) {
        if (discontinuity) sequence++;
        if (!starts.has(sequence)) starts.set(sequence, programDateTime!);
      }
    }
    return [...starts].map(([sequence, date]) => ({ sequence, date }));
  }

  async #until(isReached: () => boolean): Promise<void> {
    while (!isReached()) {
      const next = new Promise<void>((resolve) => this.#onVersion.add(resolve));
      const ended = await Promise.race([next, this.ended.then(() => true)]);
      if (ended) throw new Error(`the playlist ended after ${this.seconds} s`);
    }
  }

  async #follow(): Promise<StreamRecording> {
    let playlist = await this.hls.playlist();
    let hinted: Promise<HintedPart> | undefined;
    for (;;) {
      const known = this.playlists.at(-1);
      this.playlists.push(playlist);
      await this.#take(playlist, known);
      const waiting = [...this.#onVersion];
      this.#onVersion.clear();
      for (const wake of waiting) wake();
      if (hinted) this.hinted.push(await hinted);
      if (playlist.ended) break;
      hinted = this.#ask(playlist.hint!);
      playlist = await this.#reload(playlist);
    }
    await this.#takeUnlisted(playlist);
    this.multivariants.push(await (await fetch(this.hls.url)).text());
    return { playlists: this.playlists.map(({ text }) => text), segments: this.#wholeSegments() };
  }

  /** The next version, as it is and as a delta. */
  async #reload(known: Playlist): Promise<Playlist> {
    const directives = nextPart(known);
    const [whole, delta] = await Promise.all([
      this.#playlist(directives),
      this.#playlist({ ...directives, skip: true }),
    ]);
    this.deltas.push({ known, delta, whole });
    return whole;
  }

  async #playlist(directives: Directives): Promise<Playlist> {
    const response = await this.hls.request(directives);
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${response.url}: ${text}`);
    const playlist = readPlaylist(text);
    if (!playlist.ended) this.playlistHeaders.push(headersOf(response));
    return playlist;
  }

  async #ask(uri: string): Promise<HintedPart> {
    const response = await this.hls.media(uri);
    return { uri, status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
  }

  async #take(playlist: Playlist, known?: Playlist): Promise<void> {
    const before = new Map(known?.segments.map((segment) => [segment.msn, segment]));
    for (const segment of playlist.segments) {
      const listed =
        segment.parts.length > 0 ? segment.parts : (this.#segments.get(segment.msn)?.listed ?? []);
      this.#segments.set(segment.msn, { listed, segment });
      for (const { uri } of segment.parts) await this.#load(uri);
      for (const uri of [segment.uri, segment.map]) if (uri !== undefined) await this.#load(uri);
      const unlisted = segment.parts.length === 0 && before.get(segment.msn)?.parts.at(-1);
      if (unlisted && !playlist.ended) this.unlistedParts.push(await this.#askAgain(unlisted.uri));
    }
  }

  async #load(uri: string): Promise<void> {
    if (this.#media.has(uri)) return;
    const response = await this.hls.media(uri);
    const bytes = Buffer.from(await response.arrayBuffer());
    if (!response.ok) throw new Error(`${response.status} ${response.url}: ${bytes.toString()}`);
    this.#media.set(uri, bytes);
    this.mediaHeaders.push(headersOf(response));
  }

  async #askAgain(uri: string): Promise<LateRequest> {
    const { status, bytes } = await this.#ask(uri);
    return { uri, status, isSame: bytes.equals(this.#media.get(uri)!) };
  }

  async #takeUnlisted({ mediaSequence }: Playlist): Promise<void> {
    for (const { listed, segment } of this.#segments.values()) {
      if (segment.msn >= mediaSequence) continue;
      for (const uri of [segment.uri, listed.at(-1)?.uri]) {
        if (uri !== undefined) this.unlistedSegments.push(await this.#askAgain(uri));
      }
    }
  }

  /**
   * Those whose parts were all listed: one who comes late does not know the first ones', and the last ones come together with ENDLIST, and
   * are in no playlist any more.
   */
  #wholeSegments(): RecordedSegment[] {
    const whole: RecordedSegment[] = [];
    for (const { listed, segment } of this.#segments.values()) {
      const sum = listed.reduce((total, part) => total + part.duration, 0);
      if (segment.uri === undefined || Math.abs(sum - segment.duration!) > 0.001) {
        if (whole.length === 0) continue;
        break;
      }
      whole.push({
        ...{ msn: segment.msn, duration: segment.duration!, discontinuity: segment.discontinuity },
        init: this.#media.get(segment.map!)!,
        bytes: this.#media.get(segment.uri)!,
        parts: listed.map((part) => ({ ...part, bytes: this.#media.get(part.uri)! })),
      });
    }
    return whole;
  }
}

const headersOf = ({ url, headers }: Response): RecordedHeaders => ({
  uri: url,
  encoding: headers.get('content-encoding'),
  cacheControl: headers.get('cache-control'),
});
