import { Hono, type Context } from 'hono';
import { PlaybackError } from '../errors.js';
import { writeMultivariantPlaylist } from '../hls/multivariant-playlist.js';
import { withToken } from '../hls/playlist-token.js';
import type { Window } from '../hls/window.js';
import { isStreamId } from '../protocol.js';
import type { Rendition } from '../streams/rendition.js';
import type { Stream } from '../streams/stream.js';
import type { Streams } from '../streams/streams.js';
import { checkUrl, whileWaiting, type RequestServices } from './requests.js';
import { encodeText, sendCompressible, type SharedText } from './compressed-body.js';
import type { Admission, PlaybackGate } from './playback-gate.js';
import {
  findMedia,
  mediaHeaders,
  playlistCaching,
  playlistHeaders,
  privateMediaHeaders,
} from './playback-answers.js';

const PREFLIGHT_HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD',
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Max-Age': '86400',
};

/** Holds a request's place among those that wait, see {@link whileWaiting}. */
type Wait = <T>(action: () => Promise<T>) => Promise<T>;

/** The HLS side of the server: playlists, init segments, parts and segments. Who may watch is asked where the gate guards. */
export function playbackRoutes(streams: Streams, gate: PlaybackGate, services: RequestServices): Hono {
  const app = new Hono();

  // A player that adds headers of its own asks first. Nothing here depends on who asks.
  app.options('/*', (c) => c.body(null, 204, PREFLIGHT_HEADERS));

  app.get('/:streamId/stream.m3u8', (c): Response | Promise<Response> => {
    checkUrl(c, services.limits);
    const stream = findStream(streams, c.req.param('streamId'));
    if (!stream.playable && !stream.isInterrupted) throw notPlayable(stream.id);
    const isForAac = wantsAac(c);
    const sendNow = (admission?: Admission): Response | Promise<Response> => {
      const rendition = isForAac ? stream.renditions.at(-1) : stream.source;
      const text = writeMultivariantPlaylist([(rendition ?? stream.source).describe()]);
      return sendPlaylist(c, { text }, 'no-cache', admission, 'Accept-Encoding, User-Agent');
    };
    const send = (admission?: Admission): Response | Promise<Response> => {
      if (!stream.isInterrupted) return sendNow(admission);
      const wait: Wait = (action) => whileWaiting(c, stream.id, services, action);
      return untilGoesOn(c, stream, stream.source.window, wait).then(() => sendNow(admission));
    };
    return gate.guards(stream) ? gate.admit(c, stream).then(send) : send();
  });

  app.get('/:streamId/:rendition/:file', (c): Response | Promise<Response> => {
    checkUrl(c, services.limits);
    const stream = findStream(streams, c.req.param('streamId'));
    const send = (admission?: Admission): Response | Promise<Response> => {
      const rendition = stream.demand(c.req.param('rendition'));
      const file = c.req.param('file');
      if (!rendition) throw new PlaybackError(404, `stream '${stream.id}' has no rendition of that name`);
      const wait: Wait = (action) => whileWaiting(c, stream.id, services, action);
      return file === `${rendition.epoch}.m3u8`
        ? sendMediaPlaylist(c, stream, rendition, wait, admission)
        : sendMedia(c, rendition, file, wait, admission);
    };
    return gate.guards(stream) ? gate.admit(c, stream).then(send) : send();
  });

  return app;
}

/**
 * Whether the player takes AAC only. Both kinds in one playlist would not do: players change between variants, and not all can
 * do so between codecs (Chromium's own HLS stops with an error).
 */
function wantsAac(c: Context): boolean {
  const audio = c.req.query('audio');
  if (audio !== undefined && audio !== 'aac' && audio !== 'source') {
    throw new PlaybackError(400, `audio=${audio.slice(0, 40)} is not known; give aac or source`);
  }
  // What Apple's own players call themselves, in Safari as in AirPlay; none of them takes Opus in HLS for certain.
  return (audio ?? (/\bAppleCoreMedia\b/.test(c.req.header('User-Agent') ?? '') ? 'aac' : '')) === 'aac';
}

/** @throws PlaybackError 404 */
export function findStream(streams: Streams, id: string | undefined): Stream {
  if (!isStreamId(id)) throw new PlaybackError(404, 'a stream id has 1 to 64 letters, digits, _ or -');
  const stream = streams.get(id);
  if (!stream) throw notPlayable(id);
  return stream;
}

function notPlayable(id: string): PlaybackError {
  return new PlaybackError(404, `stream '${id}' is not live; try again when it has started`, 1);
}

/** Unlike with 404, players that had it ask again. */
export function interrupted(id: string): PlaybackError {
  return new PlaybackError(503, `stream '${id}' is interrupted; try again in a second`, 1);
}

function sendMediaPlaylist(
  c: Context,
  stream: Stream,
  rendition: Rendition,
  wait: Wait,
  admission: Admission | undefined,
): Response | Promise<Response> {
  const { window } = rendition;
  const { ended } = window;
  const msn = ended ? undefined : readNumber(c, '_HLS_msn');
  const part = ended ? undefined : readNumber(c, '_HLS_part');
  if (part !== undefined && msn === undefined)
    throw new PlaybackError(400, '_HLS_part needs _HLS_msn beside it');
  const send = (): Response | Promise<Response> => {
    const skip = ['YES', 'v2'].includes(c.req.query('_HLS_skip') ?? '');
    return sendPlaylist(c, rendition.mediaPlaylist(skip), playlistCaching(window, msn), admission);
  };
  if (msn === undefined && window.playable) return send();
  return untilReached(c, stream, rendition, wait, msn, part).then(send);
}

async function untilReached(
  c: Context,
  stream: Stream,
  { window, isDerived }: Rendition,
  wait: Wait,
  msn: number | undefined,
  part = 0,
): Promise<void> {
  // Whoever has this address has played it, or was told that it will be there.
  if (!window.playable && (isDerived || stream.isInterrupted)) await untilGoesOn(c, stream, window, wait);
  if (!window.playable)
    throw new PlaybackError(404, 'nothing has been published yet; try again in a second', 1);
  if (msn !== undefined && !window.has(msn, part))
    await wait(() => window.reach(msn, part, c.req.raw.signal));
}

/** @throws PlaybackError 503 where a stream that is interrupted does not go on as long as a request may wait */
async function untilGoesOn(c: Context, stream: Stream, window: Window, wait: Wait): Promise<void> {
  if (!window.playable) await wait(() => window.untilPlayable(c.req.raw.signal));
  if (!window.playable && stream.isInterrupted) throw interrupted(stream.id);
  if (!window.playable) throw notPlayable(stream.id);
}

function sendPlaylist(
  c: Context,
  shared: SharedText,
  cacheControl: string,
  admission: Admission | undefined,
  vary?: string,
): Response | Promise<Response> {
  const token = admission?.token;
  const own = token === undefined ? shared : { text: withToken(shared.text, token) };
  const headers = playlistHeaders(admission ? 'private, no-cache' : cacheControl, vary);
  return sendCompressible(c, encodeText(own), headers);
}

function sendMedia(
  c: Context,
  rendition: Rendition,
  file: string,
  wait: Wait,
  admission: Admission | undefined,
): Response | Promise<Response> {
  const { bytes, hinted } = findMedia(rendition, file);
  if (hinted === undefined) return sendBytes(bytes, file, admission);
  // A signal, and a promise, cost more than the answer: only who must wait has them.
  const part = wait(() => rendition.window.hintedPart(hinted, c.req.raw.signal));
  return part.then((found) => sendBytes(found, file, admission));
}

function sendBytes(
  bytes: Uint8Array<ArrayBuffer> | undefined,
  file: string,
  admission: Admission | undefined,
): Response {
  if (!bytes) throw new PlaybackError(404, `'${file.slice(0, 80)}' is not, or no longer, in the playlist`);
  // Headers set on the context afterwards cost a third of the throughput.
  return new Response(bytes, { headers: admission ? privateMediaHeaders() : mediaHeaders() });
}

/** A delivery directive that is a whole number (RFC 8216bis §6.2.5). */
function readNumber(c: Context, name: string): number | undefined {
  const value = c.req.query(name);
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value))
    throw new PlaybackError(400, `${name}=${value.slice(0, 40)} is not a whole number`);
  return Number(value);
}
