import type { Window } from '../hls/window.js';
import type { Rendition } from '../streams/rendition.js';
import { RESOURCE_HEADERS } from './security-headers.js';

const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl';

/** What a media URI says: {@link Rendition.mediaEpoch}, kind and number. */
const MEDIA_NAME = /^([0-9a-z]+)-([isp])(\d{1,15})\.(?:mp4|m4s)$/;

/** Anew for every answer, since a host may add to them: @hono/node-server 1 does the length, which another answer would have too. */
export const mediaHeaders = (): Record<string, string> => ({
  'Content-Type': 'video/mp4',
  'Cache-Control': 'public, max-age=31536000, immutable',
  'Access-Control-Allow-Origin': '*',
  ...RESOURCE_HEADERS,
});

/** Of a stream that not everybody may watch: a shared cache would give it to those who may not, or not any more. */
export const privateMediaHeaders = (): Record<string, string> => ({
  ...mediaHeaders(),
  'Cache-Control': 'private, max-age=300',
});

/** Of a playlist. Anew for every answer. */
export const playlistHeaders = (cacheControl: string, vary = 'Accept-Encoding'): Record<string, string> => ({
  'Content-Type': PLAYLIST_TYPE,
  Vary: vary,
  'Cache-Control': cacheControl,
  'Access-Control-Allow-Origin': '*',
  ...RESOURCE_HEADERS,
});

/**
 * How long caches may keep a media playlist. One that was asked for by number is a fixed fact under its full query (RFC 8216bis,
 * appendix B.1).
 */
export function playlistCaching({ options }: Window, msn: number | undefined): string {
  return msn === undefined ? 'no-cache' : `public, max-age=${options.targetDuration * 6}`;
}

/** A media file's bytes, or the number of the part that it will be, soon. */
export interface MediaFile {
  bytes: Uint8Array<ArrayBuffer> | undefined;
  hinted?: number;
}

/** @param file as its playlist names it */
export function findMedia({ mediaEpoch, window }: Rendition, file: string): MediaFile {
  const [, named, kind, digits] = MEDIA_NAME.exec(file) ?? [];
  const number = Number(digits);
  if (named !== mediaEpoch) return { bytes: undefined };
  if (kind === 'i') return { bytes: window.init(number) };
  if (kind === 's') return { bytes: window.segment(number) };
  const bytes = window.part(number);
  return !bytes && window.isHinted(number) ? { bytes, hinted: number } : { bytes };
}
