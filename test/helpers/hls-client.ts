import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** An EXT-X-PART. */
export interface PlaylistPart {
  uri: string;
  duration: number;
  independent: boolean;
}

export interface PlaylistSegment {
  msn: number;
  /** Absent while the segment is growing. */
  uri?: string;
  /** EXTINF; absent while the segment is growing. */
  duration?: number;
  parts: PlaylistPart[];
  discontinuity: boolean;
  /** EXT-X-MAP in force. */
  map?: string;
  /** EXT-X-PROGRAM-DATE-TIME of its own, milliseconds since the epoch. */
  programDateTime?: number;
}

/** A media playlist, read as a player reads it. */
export interface Playlist {
  text: string;
  lines: string[];
  version: number;
  targetDuration: number;
  partTarget: number;
  /** EXT-X-SERVER-CONTROL. */
  control: Record<string, string>;
  mediaSequence: number;
  discontinuitySequence: number;
  skipped: number;
  segments: PlaylistSegment[];
  /** URI of the EXT-X-PRELOAD-HINT. */
  hint?: string;
  ended: boolean;
  /** EXT-X-RENDITION-REPORT of each other rendition. */
  reports: { uri: string; lastMsn: number; lastPart: number }[];
}

/** Reads an attribute list (RFC 8216bis §4.2). */
export function readAttributes(list: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name, value] of list.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)/g)) {
    attributes[name!] = value!.replaceAll('"', '');
  }
  return attributes;
}

/** @throws when the text is no playlist or has a tag that this reader does not know */
export function readPlaylist(text: string): Playlist {
  const lines = text.trimEnd().split('\n');
  if (lines[0] !== '#EXTM3U') throw new Error(`no playlist: ${text.slice(0, 80)}`);
  const playlist: Playlist = {
    ...{ text, lines, version: 1, targetDuration: NaN, partTarget: NaN, control: {} },
    ...{ mediaSequence: 0, discontinuitySequence: 0, skipped: 0, segments: [], ended: false, reports: [] },
  };
  let map: string | undefined;
  const blank = (): PlaylistSegment => ({ msn: 0, parts: [], discontinuity: false });
  let segment = blank();
  const finish = () => {
    segment.msn = playlist.mediaSequence + playlist.skipped + playlist.segments.length;
    segment.map = map;
    playlist.segments.push(segment);
    segment = blank();
  };
  for (const line of lines.slice(1)) {
    const [, tag = '', value = ''] = /^#(EXT[A-Z0-9-]*):?(.*)$/.exec(line) ?? [];
    const attributes = value.includes('=') ? readAttributes(value) : {};
    if (tag === 'EXT-X-VERSION') playlist.version = Number(value);
    else if (tag === 'EXT-X-TARGETDURATION') playlist.targetDuration = Number(value);
    else if (tag === 'EXT-X-SERVER-CONTROL') playlist.control = attributes;
    else if (tag === 'EXT-X-PART-INF') playlist.partTarget = Number(attributes['PART-TARGET']);
    else if (tag === 'EXT-X-MEDIA-SEQUENCE') playlist.mediaSequence = Number(value);
    else if (tag === 'EXT-X-DISCONTINUITY-SEQUENCE') playlist.discontinuitySequence = Number(value);
    else if (tag === 'EXT-X-SKIP') playlist.skipped = Number(attributes['SKIPPED-SEGMENTS']);
    else if (tag === 'EXT-X-MAP') map = attributes['URI'];
    else if (tag === 'EXT-X-DISCONTINUITY') segment.discontinuity = true;
    else if (tag === 'EXT-X-PROGRAM-DATE-TIME') segment.programDateTime = Date.parse(value);
    else if (tag === 'EXT-X-PART') {
      const { URI, DURATION, INDEPENDENT } = attributes;
      segment.parts.push({ uri: URI!, duration: Number(DURATION), independent: INDEPENDENT === 'YES' });
    } else if (tag === 'EXTINF') segment.duration = parseFloat(value);
    else if (tag === 'EXT-X-RENDITION-REPORT') {
      const { URI, 'LAST-MSN': lastMsn, 'LAST-PART': lastPart } = attributes;
      playlist.reports.push({ uri: URI!, lastMsn: Number(lastMsn), lastPart: Number(lastPart) });
    } else if (tag === 'EXT-X-PRELOAD-HINT') playlist.hint = attributes['URI'];
    else if (tag === 'EXT-X-ENDLIST') playlist.ended = true;
    else if (!line.startsWith('#')) {
      segment.uri = line;
      finish();
    } else if (tag !== 'EXT-X-INDEPENDENT-SEGMENTS') throw new Error(`unknown tag: ${line}`);
  }
  if (segment.parts.length > 0) finish();
  return playlist;
}

/** Delivery directives of a blocking reload (RFC 8216bis §6.2.5). */
export interface Directives {
  msn?: number;
  part?: number;
  skip?: boolean;
}

/** Plays a stream by hand. */
export class HlsClient {
  #mediaUrl: Promise<string> | undefined;

  /** @param url of the multivariant playlist */
  constructor(readonly url: string) {}

  /** @param url of a media playlist */
  static ofMedia(url: string): HlsClient {
    const client = new HlsClient(url);
    client.#mediaUrl = Promise.resolve(url);
    return client;
  }

  /** The URL of the first media playlist. Waits until the stream has something to play. */
  mediaUrl(): Promise<string> {
    return (this.#mediaUrl ??= this.#findMediaUrl());
  }

  /** @throws when the answer is not 200 */
  async playlist(directives: Directives = {}): Promise<Playlist> {
    const response = await this.request(directives);
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${response.url}: ${text}`);
    return readPlaylist(text);
  }

  /** Asks for the media playlist, whatever the answer. */
  async request({ msn, part, skip }: Directives = {}, init?: RequestInit): Promise<Response> {
    const url = new URL(await this.mediaUrl());
    if (msn !== undefined) url.searchParams.set('_HLS_msn', String(msn));
    if (part !== undefined) url.searchParams.set('_HLS_part', String(part));
    if (skip) url.searchParams.set('_HLS_skip', 'YES');
    return fetch(url, init);
  }

  /** Asks for what a playlist names. */
  async media(uri: string, init?: RequestInit): Promise<Response> {
    return fetch(new URL(uri, await this.mediaUrl()), init);
  }

  /** @throws when the answer is not 200 */
  async bytes(uri: string): Promise<Buffer> {
    const response = await this.media(uri);
    if (!response.ok) throw new Error(`${response.status} ${response.url}: ${await response.text()}`);
    return Buffer.from(await response.arrayBuffer());
  }

  /** Waits for playlists by blocking reload until one fits. */
  async playlistWhere(fits: (playlist: Playlist) => boolean): Promise<Playlist> {
    let playlist = await this.playlist();
    while (!fits(playlist)) {
      if (playlist.ended) throw new Error(`the playlist ended:\n${playlist.text}`);
      playlist = await this.playlist(nextPart(playlist));
    }
    return playlist;
  }

  /**
   * Downloads segments, each run of one timeline into a file of its own.
   * @param use is given the files' paths, which are removed afterwards
   */
  async withDownload<Result>(
    segments: readonly PlaylistSegment[],
    use: (paths: string[]) => Promise<Result>,
  ): Promise<Result> {
    const folder = await mkdtemp(join(tmpdir(), 'livedrop-download-'));
    try {
      const runs: Buffer[][] = [];
      for (const segment of segments.filter(({ uri }) => uri !== undefined)) {
        if (runs.length === 0 || segment.discontinuity) runs.push([await this.bytes(segment.map!)]);
        runs.at(-1)!.push(await this.bytes(segment.uri!));
      }
      const paths = runs.map((_, index) => join(folder, `${index}.mp4`));
      for (const [index, path] of paths.entries()) await writeFile(path, Buffer.concat(runs[index]!));
      return await use(paths);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #findMediaUrl(): Promise<string> {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const response = await fetch(this.url);
      const text = await response.text();
      const uri = text.split('\n').find((line) => line !== '' && !line.startsWith('#'));
      if (response.ok && uri) return new URL(uri, this.url).href;
      if (response.status !== 404 || performance.now() > deadline) {
        throw new Error(`${response.status} ${this.url}: ${text}`);
      }
      await delay(50);
    }
  }
}

/** The directives that wait for the part after the last. */
export function nextPart({ segments, mediaSequence }: Playlist): Directives {
  const last = segments.at(-1);
  if (!last) return { msn: mediaSequence, part: 0 };
  return last.uri === undefined ? { msn: last.msn, part: last.parts.length } : { msn: last.msn + 1, part: 0 };
}
