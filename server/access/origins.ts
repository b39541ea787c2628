import type { Context } from 'hono';
import { LivestreamError } from '../errors.js';

/** Web origins whose pages may play a stream; undefined: any. */
export type PlaybackOrigins = (streamId: string) => readonly string[] | undefined;

export interface OriginRules {
  /** Allowed beside the server's own: `https://app.example`, or `null` for pages without one. Absent: by {@link fallback}. */
  publishOrigins: readonly string[] | undefined;
  /**
   * Without a list. `any`: what a page must have to publish, a key or token, no other page has. `own`: what it must have its browser
   * sends along, whoever asks. `local`: it must have nothing.
   */
  fallback: 'any' | 'own' | 'local';
  /** Where clients reach the server. */
  publicUrl: string | undefined;
}

/** Web origins that a list may have: what browsers send, and nothing that would end a directive of a page's policy. */
const ORIGIN = /^https?:\/\/[\w.[\]:-]+$/;

/** @throws RangeError naming an origin that no browser would send */
export function checkOriginList(name: string, origins: readonly string[] | undefined): void {
  const wrong = origins?.find((each) => each !== 'null' && !(ORIGIN.test(each) && URL.canParse(each)));
  if (wrong !== undefined) {
    throw new RangeError(`${name} has '${wrong}'; give origins such as https://app.example, without a path`);
  }
}

/**
 * A web page may open a WebSocket to any server that its visitor reaches, this machine's too: only the browser's `Origin`
 * tells which page asks. Programs send none, and are not what this guards against.
 * @throws LivestreamError UNAUTHORIZED
 */
export function checkPublishOrigin(c: Context, rules: OriginRules): void {
  const origin = c.req.header('Origin');
  if (origin === undefined || isAllowed(origin, c.req.header('Host') ?? '', rules)) return;
  throw new LivestreamError(
    'UNAUTHORIZED',
    `pages of the origin '${origin.slice(0, 100)}' may not publish here; the server's publishOrigins (--publish-origin) names those that may`,
  );
}

function isAllowed(
  origin: string,
  host: string,
  { publishOrigins, fallback, publicUrl }: OriginRules,
): boolean {
  if (publishOrigins?.includes(origin)) return true;
  if (publishOrigins === undefined && fallback === 'any') return true;
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (publicUrl !== undefined && new URL(publicUrl).origin === url.origin) return true;
  if (publishOrigins === undefined && fallback === 'local' && isLoopbackName(url.hostname)) return true;
  // Where nothing else is asked for, a name that its owner points at this machine (DNS rebinding) is not the server's own.
  return url.host === host && (fallback !== 'local' || isAddress(url.hostname));
}

function isLoopbackName(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    (hostname.startsWith('127.') && isAddress(hostname))
  );
}

/** IPv4, or IPv6 in brackets, as URL parsers leave them. */
function isAddress(hostname: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(hostname) || /^\[[0-9a-f:.]+\]$/.test(hostname);
}
