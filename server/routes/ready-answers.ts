import type { Limits } from '../options.js';
import type { Streams } from '../streams/streams.js';
import { acceptsGzip, compressedText, encodeText } from './compressed-body.js';
import type { PlaybackGate } from './playback-gate.js';
import { findMedia, mediaHeaders, playlistCaching, playlistHeaders } from './playback-answers.js';

/** With status 200. */
export interface ReadyAnswer {
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer>;
}

/**
 * The answer to a GET that is there already and that nobody has to be asked for: most of what players ask, again and again.
 * @param target the request's path and query, from the app's own root on
 * @param acceptEncoding the header
 * @returns undefined: the app answers, with the same if it can
 */
export type ReadyAnswers = (target: string, acceptEncoding: string | undefined) => ReadyAnswer | undefined;

/** Path and query as players write them; what is written otherwise is left to the app. */
const TARGET =
  /^\/livestream\/([A-Za-z0-9_-]{1,64})\/([a-z]{1,20})\/([0-9a-z]+[0-9a-z-]*\.[0-9a-z]{3,4})(?:\?(.*))?$/;

/** RFC 8216bis §6.2.5, in the order in which hls.js and Apple's players write them. */
const DIRECTIVES = /^(?:_HLS_msn=(\d{1,15}))?(?:(?:^|&)_HLS_part=(\d{1,15}))?(?:(?:^|&)_HLS_skip=(YES|v2))?$/;

const MEDIA_FILE = /\.(?:m4s|mp4)$/;

export function readyAnswers(
  streams: Streams,
  gate: PlaybackGate,
  { maxUrlLength }: Pick<Limits, 'maxUrlLength'>,
): ReadyAnswers {
  return (target, acceptEncoding) => {
    const [, streamId = '', name = '', file = '', query = ''] = TARGET.exec(target) ?? [];
    const stream = streams.get(streamId);
    if (!stream || target.length > maxUrlLength || gate.guards(stream)) return undefined;
    // Where not every page may play each answer depends on who asks.
    if (stream.playbackOrigins) return undefined;
    const rendition = stream.demand(name);
    if (!rendition) return undefined;
    const { epoch, window } = rendition;
    if (MEDIA_FILE.test(file)) {
      const { bytes } = findMedia(rendition, file);
      return bytes && { headers: mediaHeaders(), body: bytes };
    }
    const directives = DIRECTIVES.exec(query);
    if (file !== `${epoch}.m3u8` || !directives || !window.playable || window.ended) return undefined;
    const [, msn, part, skip] = directives;
    if (msn === undefined ? part !== undefined : !window.has(Number(msn), Number(part ?? 0)))
      return undefined;
    const headers = playlistHeaders(playlistCaching(window, msn === undefined ? undefined : Number(msn)));
    const text = encodeText(rendition.mediaPlaylist(skip !== undefined));
    if (!acceptsGzip(acceptEncoding)) return { headers, body: text };
    const body = compressedText(text);
    return body && { headers: { ...headers, 'Content-Encoding': 'gzip' }, body };
  };
}
