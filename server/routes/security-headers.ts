import type { Context } from 'hono';
import type { PlaybackOrigins } from '../access/origins.js';
import { hostOf } from './host.js';

/** Of what any page may load, but nobody may take for something else: playlists, media, scripts, JSON. */
export const RESOURCE_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  // For a page that is isolated (`Cross-Origin-Embedder-Policy: require-corp`) and loads it without CORS: native HLS.
  'Cross-Origin-Resource-Policy': 'cross-origin',
} as const;

/** A token may be in a page's address. */
const REFERRER = { 'Referrer-Policy': 'no-referrer' } as const;

/** A year, as browsers want it. Not for the subdomains, which may be somebody else's. */
const HSTS = 'max-age=31536000';

/** Of what is read in a browser's window and beside streams: text, JSON, scripts, pictures. */
export const DOCUMENT_HEADERS = { ...RESOURCE_HEADERS, ...REFERRER } as const;

export interface PageOptions {
  /** Whether browsers are to come by HTTPS alone from now on (RFC 6797). */
  hsts: boolean;
  /** Web origins whose pages may have a stream's page in a frame; absent: all. */
  framedBy?: PlaybackOrigins;
}

/** A page of the demo: it may use the camera, and nobody may put it into a frame. */
export function demoHeaders(c: Context, options: PageOptions): Record<string, string> {
  return {
    ...pageHeaders(options),
    'Content-Security-Policy': contentSecurityPolicy(c, { frameAncestors: "'self'" }),
    'Permissions-Policy': `camera=(self), microphone=(self), display-capture=(self), ${DENIED}`,
    'Cross-Origin-Opener-Policy': 'same-origin',
  };
}

/**
 * The page for frames: it plays, and may be framed by whoever may play. Its own requests come from this server's origin, so that
 * only this keeps it to them.
 * @param styleHash of its one style sheet, `sha256-…`
 */
export function embedHeaders(
  c: Context,
  options: PageOptions,
  streamId: string,
  styleHash: string,
): Record<string, string> {
  return {
    ...pageHeaders(options),
    'Content-Security-Policy': contentSecurityPolicy(c, {
      styleHash,
      ...frameAncestors(options.framedBy?.(streamId)),
    }),
    'Permissions-Policy': `camera=(), microphone=(), display-capture=(), ${DENIED}`,
    'Cross-Origin-Resource-Policy': 'cross-origin',
  };
}

/** Nobody can be told by the origin `null`. */
function frameAncestors(origins: readonly string[] | undefined): Pick<Policy, 'frameAncestors'> {
  if (!origins) return {};
  return { frameAncestors: ["'self'", ...origins.filter((origin) => origin !== 'null')].join(' ') };
}

const DENIED = 'geolocation=(), payment=(), usb=(), serial=(), bluetooth=(), midi=()';

function pageHeaders({ hsts }: PageOptions): Record<string, string> {
  return {
    ...REFERRER,
    'X-Content-Type-Options': 'nosniff',
    ...(hsts ? { 'Strict-Transport-Security': HSTS } : {}),
  };
}

interface Policy {
  /** Absent: anybody. `*` would leave out pages without an origin: sandboxed ones, and those that a CMS writes into a frame. */
  frameAncestors?: string;
  styleHash?: string;
}

/** What the widget needs and nothing else: its files, the server's answers and socket, media by MSE (`blob:`). */
function contentSecurityPolicy(c: Context, { frameAncestors, styleHash }: Policy): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self'${styleHash ? ` '${styleHash}'` : ''}`,
    "img-src 'self' data:",
    "media-src 'self' blob:",
    "worker-src 'self'",
    `connect-src 'self'${ownSockets(c)}`,
    ...(frameAncestors ? [`frame-ancestors ${frameAncestors}`] : []),
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; ');
}

/** 'self' includes them, but not in browsers of before 2022; behind a proxy the page's scheme may be another than ours. */
function ownSockets(c: Context): string {
  const host = hostOf(c);
  return host ? ` ws://${host} wss://${host}` : '';
}
