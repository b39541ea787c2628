import { writeFile } from 'node:fs/promises';
import { nextPart, readPlaylist, type HlsClient, type Playlist, type PlaylistSegment } from './hls-client.js';

/** A part with the time of its arrival, milliseconds of `performance.now()`. */
export interface PartArrival {
  at: number;
  msn: number;
  /** Its segment follows an EXT-X-DISCONTINUITY. */
  discontinuity: boolean;
}

/**
 * Follows a live playlist by blocking reload to its end, as a low-latency player does, and downloads all of it, parts
 * and segments.
 */
export class PlaylistFollower {
  readonly arrivals: PartArrival[] = [];
  /** Resolves with the last playlist: one that ended, or that of a server which is about to restart. */
  readonly ended: Promise<Playlist>;
  #parts = new Map<string, Buffer>();
  /** The media of each timeline: init segment and segments. */
  #runs: Buffer[][] = [];
  #nextMsn = 1;
  #listeners = new Set<() => void>();

  /** Starts as soon as the stream has something to play. */
  constructor(private readonly hls: HlsClient) {
    this.ended = this.#follow();
    // Who waits for it is told; who does not must not be ended by it.
    this.ended.catch(() => {});
  }

  /** The first part that fits, past or to come. */
  async part(fits: (part: PartArrival) => boolean = () => true): Promise<PartArrival> {
    for (;;) {
      const found = this.arrivals.find(fits);
      if (found) return found;
      const next = new Promise<void>((resolve) => this.#listeners.add(resolve));
      const over = this.ended.then(() => {
        if (!this.arrivals.some(fits)) throw new Error('the playlist ended without such a part');
      });
      await Promise.race([next, over]);
    }
  }

  /** Longest time between the arrivals of two parts, milliseconds. */
  get longestGap(): number {
    const gaps = this.arrivals.slice(1).map(({ at }, index) => at - this.arrivals[index]!.at);
    return Math.max(...gaps);
  }

  /**
   * Writes what was downloaded, each timeline into a file of its own.
   * @param path what the names begin with
   */
  async save(path: string): Promise<string[]> {
    const paths = this.#runs.map((_, index) => `${path}-${index}.mp4`);
    for (const [index, file] of paths.entries()) await writeFile(file, Buffer.concat(this.#runs[index]!));
    return paths;
  }

  async #follow(): Promise<Playlist> {
    let playlist = await this.hls.playlist();
    for (;;) {
      for (const segment of playlist.segments) await this.#take(segment);
      if (playlist.ended) return playlist;
      const answer = await this.hls.request(nextPart(playlist));
      if (answer.status === 503) {
        playlist = await this.hls.playlist();
        for (const segment of playlist.segments) await this.#take(segment);
        return playlist;
      }
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${answer.status} ${answer.url}: ${text}`);
      playlist = readPlaylist(text);
    }
  }

  async #take(segment: PlaylistSegment): Promise<void> {
    const { msn, uri, parts, discontinuity } = segment;
    if (msn < this.#nextMsn) return;
    if (msn > this.#nextMsn) throw new Error(`segment ${this.#nextMsn} left the playlist before it was seen`);
    for (const part of parts) {
      if (this.#parts.has(part.uri)) continue;
      this.#parts.set(part.uri, await this.hls.bytes(part.uri));
      this.arrivals.push({ at: performance.now(), msn, discontinuity });
      for (const resolve of this.#listeners) resolve();
      this.#listeners.clear();
    }
    if (uri === undefined) return;
    const bytes = await this.hls.bytes(uri);
    const whole = Buffer.concat(parts.map((part) => this.#parts.get(part.uri)!));
    // Parts are no longer listed in a playlist that has ended, or far from its edge.
    if (parts.length > 0 && !whole.equals(bytes))
      throw new Error(`segment ${msn} is not the sum of its parts`);
    if (this.#runs.length === 0 || discontinuity) this.#runs.push([await this.hls.bytes(segment.map!)]);
    this.#runs.at(-1)!.push(bytes);
    this.#nextMsn++;
  }
}
