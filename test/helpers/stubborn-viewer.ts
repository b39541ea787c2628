import { setTimeout as delay } from 'node:timers/promises';
import { nextPart, readPlaylist, type HlsClient, type Playlist, type PlaylistSegment } from './hls-client.js';

/** Between attempts while nobody answers, milliseconds. */
const RETRY = 50;

/** A segment as a viewer saw it. */
export interface SeenSegment {
  msn: number;
  /** Its Discontinuity Sequence Number. */
  discontinuitySequence: number;
  map: string;
  uris: Set<string>;
}

/** Keeps to one media playlist by blocking reload, whatever becomes of the server, and holds each answer against those before. */
export class StubbornViewer {
  readonly segments = new Map<number, SeenSegment>();
  /** Statuses of answers other than 200, in their order. */
  readonly refusals: number[] = [];
  #abort = new AbortController();
  #last: Playlist | undefined;
  #listeners = new Set<() => void>();
  #run: Promise<void>;

  private constructor(private readonly mediaUrl: string) {
    this.#run = this.#follow();
    // Told by `segment` and `stop`.
    this.#run.catch(() => {});
  }

  static async start(hls: HlsClient): Promise<StubbornViewer> {
    return new StubbornViewer(await hls.mediaUrl());
  }

  get newest(): SeenSegment | undefined {
    return [...this.segments.values()].at(-1);
  }

  /** The first segment that fits, past or to come. */
  async segment(fits: (segment: SeenSegment) => boolean): Promise<SeenSegment> {
    for (;;) {
      const found = [...this.segments.values()].find(fits);
      if (found) return found;
      const next = new Promise<void>((resolve) => this.#listeners.add(resolve));
      await Promise.race([next, this.#run.then(() => Promise.reject(new Error('it was stopped')))]);
    }
  }

  /** Resolves when so many more segments than now have begun. */
  async beyond(count: number): Promise<void> {
    const target = (this.newest?.msn ?? 0) + count;
    await this.segment(({ msn }) => msn >= target);
  }

  /** @throws what was wrong with a playlist */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#run;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const url = new URL(this.mediaUrl);
      const { msn, part } = this.#last ? nextPart(this.#last) : {};
      if (msn !== undefined) url.searchParams.set('_HLS_msn', String(msn));
      if (part !== undefined) url.searchParams.set('_HLS_part', String(part));
      const response = await fetch(url, { signal }).catch(() => undefined);
      const text = await response?.text().catch(() => undefined);
      if (response?.ok && text !== undefined) this.#take(readPlaylist(text));
      else {
        if (response && !response.ok) this.refusals.push(response.status);
        await delay(RETRY);
      }
    }
  }

  #take(playlist: Playlist): void {
    const before = this.#last;
    this.#last = playlist;
    if (playlist.ended) throw new Error(`the playlist ended:\n${playlist.text}`);
    if (before && playlist.mediaSequence < before.mediaSequence) {
      throw new Error(`EXT-X-MEDIA-SEQUENCE went back from ${before.mediaSequence}:\n${playlist.text}`);
    }
    for (const key of ['targetDuration', 'partTarget'] as const) {
      if (before && playlist[key] !== before[key]) throw new Error(`${key} changed:\n${playlist.text}`);
    }
    let { discontinuitySequence } = playlist;
    for (const segment of playlist.segments) {
      if (segment.discontinuity) discontinuitySequence += 1;
      this.#see(segment, discontinuitySequence, playlist);
    }
    for (const resolve of this.#listeners) resolve();
    this.#listeners.clear();
  }

  #see(
    { msn, map = '', uri, parts }: PlaylistSegment,
    discontinuitySequence: number,
    { text }: Playlist,
  ): void {
    const seen = this.segments.get(msn);
    const newest = this.newest;
    if (!seen && newest && newest.msn >= msn)
      throw new Error(`segment ${msn} came after ${newest.msn}:\n${text}`);
    if (!seen && newest && newest.discontinuitySequence > discontinuitySequence) {
      throw new Error(`EXT-X-DISCONTINUITY-SEQUENCE went back at segment ${msn}:\n${text}`);
    }
    if (seen && (seen.map !== map || seen.discontinuitySequence !== discontinuitySequence)) {
      throw new Error(`segment ${msn} is another one than it was:\n${text}`);
    }
    const entry = seen ?? { msn, discontinuitySequence, map, uris: new Set() };
    for (const part of parts) entry.uris.add(part.uri);
    if (uri !== undefined) entry.uris.add(uri);
    this.segments.set(msn, entry);
  }
}
