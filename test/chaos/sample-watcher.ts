import { setTimeout as delay } from 'node:timers/promises';
import { FragmentReader } from '../../server/hls/fragment-reader.js';
import type { Sample, Track } from '../../server/hls/sample.js';
import { nextPart, readPlaylist, type Playlist, type PlaylistSegment } from '../helpers/hls-client.js';
import { digest } from './digest.js';
import type { TrackLedgers } from './track-ledgers.js';

/** What viewers noticed beside the samples. */
export interface Breaks {
  /** EXT-X-DISCONTINUITY. */
  discontinuities: number;
  /** The playlist ended, was replaced by another, or went back in its numbers. */
  ends: number;
  /** Sound, or pictures, whose times do not follow each other. */
  gaps: number;
}

/** Between attempts to reach a server that is away, ms. */
const RETRY = 50;

/** Longer than any playlist is held back, ms: a request that hangs for longer is made again. */
const REQUEST_TIMEOUT = 8000;

/** Times are rounded on their way, seconds. */
const SLACK = 0.002;

/**
 * A viewer who downloads every part of a stream by blocking reload and writes its samples into ledgers. One who does not
 * give up: a server that is away is asked again, a playlist that has ended too.
 */
export class SampleWatcher {
  readonly #url: string;
  readonly #ledgers: TrackLedgers;
  readonly #stop = new AbortController();
  #breaks: Breaks = { discontinuities: 0, ends: 0, gaps: 0 };
  #mediaUrl: URL | undefined;
  #lastUrl = '';
  #map = '';
  #init: Uint8Array = new Uint8Array(0);
  /** Next segment, and its parts and samples that were taken. */
  #msn = 0;
  #parts = 0;
  #samples = 0;
  #hasBegun = false;
  /** By track: when its next sample is due, seconds. */
  #due = new Map<number, number>();

  /** @param url of the server, without a slash at the end */
  constructor(url: string, streamId: string, ledgers: TrackLedgers) {
    this.#url = `${url}/livestream/${streamId}/stream.m3u8`;
    this.#ledgers = ledgers;
    void this.#watch();
  }

  /** Since the last call. */
  takeBreaks(): Breaks {
    const breaks = this.#breaks;
    this.#breaks = { discontinuities: 0, ends: 0, gaps: 0 };
    return breaks;
  }

  close(): void {
    this.#stop.abort();
  }

  async #watch(): Promise<void> {
    let playlist: Playlist | undefined;
    while (!this.#stop.signal.aborted) {
      try {
        playlist = await this.#load(playlist);
        if (!playlist.ended) continue;
        this.#breaks.ends++;
        playlist = undefined;
        await delay(RETRY * 10);
      } catch (error) {
        playlist = undefined;
        if (error instanceof Gone) this.#mediaUrl = undefined;
        await delay(RETRY);
      }
    }
  }

  /** Asks for what follows a playlist, or for what there is, and takes all of it. */
  async #load(before: Playlist | undefined): Promise<Playlist> {
    const url = new URL((this.#mediaUrl ??= await this.#findMedia()));
    if (url.href !== this.#lastUrl) this.#moved(url.href);
    const { msn, part } = before ? nextPart(before) : {};
    if (msn !== undefined) url.searchParams.set('_HLS_msn', String(msn));
    if (part !== undefined) url.searchParams.set('_HLS_part', String(part));
    const playlist = readPlaylist((await this.#get(url)).toString());
    const last = playlist.segments.at(-1);
    if (last && last.msn + 1 < this.#msn) {
      this.#breaks.ends++;
      this.#hasBegun = false;
    }
    for (const segment of playlist.segments) await this.#take(segment);
    return playlist;
  }

  /** The stream has another playlist than before: who watched sees an end. */
  #moved(url: string): void {
    if (this.#lastUrl !== '') this.#breaks.ends++;
    this.#lastUrl = url;
    this.#hasBegun = false;
    this.#map = '';
    this.#due.clear();
  }

  async #findMedia(): Promise<URL> {
    const text = (await this.#get(new URL(this.#url))).toString();
    const uri = text.split('\n').find((line) => line !== '' && !line.startsWith('#'));
    if (!uri) throw new Error(`no rendition in ${text}`);
    return new URL(uri, this.#url);
  }

  async #take(segment: PlaylistSegment): Promise<void> {
    const { msn, uri, parts, discontinuity } = segment;
    if (!this.#hasBegun) this.#begin(msn);
    if (msn < this.#msn) return;
    // What left the playlist unseen is missing in the ledger.
    if (msn > this.#msn) this.#begin(msn);
    if (discontinuity && this.#parts === 0 && this.#samples === 0 && parts.length + Number(!!uri) > 0) {
      this.#breaks.discontinuities++;
      this.#due.clear();
    }
    if (segment.map !== undefined && segment.map !== this.#map) {
      this.#init = await this.#media(segment.map);
      this.#map = segment.map;
    }
    for (const part of parts.slice(this.#parts)) {
      this.#read(await this.#media(part.uri), 0);
      this.#parts++;
    }
    if (uri === undefined) return;
    // Far from the edge segments have no parts.
    if (parts.length === 0) this.#read(await this.#media(uri), this.#samples);
    this.#begin(msn + 1);
  }

  #begin(msn: number): void {
    this.#hasBegun = true;
    this.#msn = msn;
    this.#parts = 0;
    this.#samples = 0;
  }

  /** @param skip samples that were taken already */
  #read(bytes: Uint8Array, skip: number): void {
    let tracks: Track[] = [];
    const samples: Sample[] = [];
    const reader = new FragmentReader({
      onTracks: (found) => (tracks = found),
      onSample: (sample) => samples.push(sample),
    });
    reader.push(this.#init);
    reader.push(bytes);
    this.#samples += samples.length - skip;
    const digests: Record<Track['kind'], number[]> = { video: [], audio: [] };
    for (const sample of samples.slice(skip)) {
      const track = tracks.find(({ id }) => id === sample.track);
      if (!track) continue;
      this.#checkTime(track, sample);
      digests[track.kind].push(digest(sample.data));
    }
    const at = performance.timeOrigin + performance.now();
    this.#ledgers.see('video', { digests: digests.video, at });
    this.#ledgers.see('audio', { digests: digests.audio, at });
  }

  #checkTime({ id, timescale }: Track, { dts, duration }: Sample): void {
    const due = this.#due.get(id);
    if (due !== undefined && Math.abs(dts / timescale - due) > SLACK) this.#breaks.gaps++;
    this.#due.set(id, (dts + duration) / timescale);
  }

  #media(uri: string): Promise<Buffer> {
    return this.#get(new URL(uri, this.#mediaUrl));
  }

  async #get(url: URL): Promise<Buffer> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(REQUEST_TIMEOUT)]);
    const response = await fetch(url, { signal });
    const body = Buffer.from(await response.arrayBuffer());
    if (response.status === 404) throw new Gone(`${url.href} is gone`);
    if (!response.ok) throw new Error(`${response.status} ${url.href}: ${body.toString()}`);
    return body;
  }
}

/** 404: asking the same again does not help. */
class Gone extends Error {}
