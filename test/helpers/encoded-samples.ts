import { createHash } from 'node:crypto';
import type { Page } from 'playwright-core';
import { FragmentReader } from '../../server/hls/fragment-reader.js';
import type { Track } from '../../server/hls/sample.js';
import type { HlsClient, Playlist } from './hls-client.js';

/** A digest of each sample, by track, in order. */
export type SampleDigests = Record<Track['kind'], string[]>;

/**
 * Notes what the page's encoder hands out, before anything is done with it: the worker's messages as they arrive. Runs in
 * a page, before its own scripts.
 */
export function noteEncodedSamples(): void {
  const notes: { track: number; digest: Promise<ArrayBuffer> }[] = [];
  Object.assign(globalThis, { encodedSamples: notes });
  globalThis.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      this.addEventListener('message', ({ data }: MessageEvent<{ type?: string; bytes?: ArrayBuffer }>) => {
        if (data.type !== 'data' || !data.bytes) return;
        // Behind the header of the frames format.
        const digest = crypto.subtle.digest('SHA-256', data.bytes.slice(16));
        notes.push({ track: new Uint8Array(data.bytes)[0]!, digest });
      });
    }
  };
}

/** What a page with {@link noteEncodedSamples} has encoded so far. */
export async function encodedSamples(page: Page): Promise<SampleDigests> {
  const notes = await page.evaluate(async () => {
    const { encodedSamples: all } = globalThis as unknown as {
      encodedSamples: { track: number; digest: Promise<ArrayBuffer> }[];
    };
    return Promise.all(
      all.map(async ({ track, digest }) => {
        const bytes = new Uint8Array(await digest);
        return { track, digest: Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') };
      }),
    );
  });
  const of = (id: number): string[] =>
    notes.filter(({ track }) => track === id).map(({ digest }) => digest.slice(0, 16));
  return { video: of(0), audio: of(1) };
}

/** See {@link encodedSamples}. */
export function sampleDigest(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 16);
}

/** What a server offers of a stream. */
export interface ServedSamples extends SampleDigests {
  playlist: Playlist;
  discontinuities: number;
}

/** Downloads all segments that a stream's playlist has. */
export async function servedSamples(hls: HlsClient): Promise<ServedSamples> {
  const playlist = await hls.playlist();
  const served: SampleDigests = { video: [], audio: [] };
  let tracks: readonly Track[] = [];
  let map: string | undefined;
  const reader = new FragmentReader({
    onTracks: (found) => (tracks = found),
    onSample: ({ track, data }) => {
      const { kind } = tracks.find(({ id }) => id === track)!;
      served[kind].push(sampleDigest(data));
    },
  });
  for (const segment of playlist.segments) {
    if (segment.uri === undefined) continue;
    if (segment.map !== map) reader.push(await hls.bytes((map = segment.map!)));
    reader.push(await hls.bytes(segment.uri));
  }
  const discontinuities = playlist.segments.filter(({ discontinuity }) => discontinuity).length;
  return { ...served, playlist, discontinuities };
}

/** How what is served differs from what was encoded. */
export interface SampleDifference {
  encoded: number;
  /** Encoded and not served. */
  lost: number;
  /** Served more often than encoded. */
  doubled: number;
  isInOrder: boolean;
  /** The first of those that are lost: `audio 17 of 1200`. */
  where: string[];
}

/** So many are named. */
const MOST_NAMED = 10;

/** Compares both tracks together; nothing is lost nor doubled where both are 0, however many samples are alike. */
export function compareSamples(encoded: SampleDigests, served: SampleDigests): SampleDifference {
  const difference: SampleDifference = { encoded: 0, lost: 0, doubled: 0, isInOrder: true, where: [] };
  for (const kind of ['video', 'audio'] as const) {
    const counts = new Map<string, number>();
    for (const digest of encoded[kind]) counts.set(digest, (counts.get(digest) ?? 0) + 1);
    for (const digest of served[kind]) counts.set(digest, (counts.get(digest) ?? 0) - 1);
    for (const count of counts.values()) {
      difference.lost += Math.max(0, count);
      difference.doubled += Math.max(0, -count);
    }
    difference.encoded += encoded[kind].length;
    difference.isInOrder &&= isSubsequence(served[kind], encoded[kind]);
    difference.where.push(...missing(served[kind], encoded[kind]).map((at) => `${kind} ${at}`));
  }
  return difference;
}

function missing(part: readonly string[], whole: readonly string[]): string[] {
  const indices: number[] = [];
  let at = 0;
  for (const [index, digest] of whole.entries()) {
    if (digest === part[at]) at += 1;
    else indices.push(index);
  }
  return indices.slice(0, MOST_NAMED).map((index) => `${index} of ${whole.length}`);
}

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  for (const digest of whole) if (digest === part[at]) at += 1;
  return at === part.length;
}

/** Nothing lost, nothing doubled, all in order. */
export const noDifference = (encoded: number): SampleDifference => ({
  encoded,
  lost: 0,
  doubled: 0,
  isInOrder: true,
  where: [],
});
