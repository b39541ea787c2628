import type { Context } from 'hono';

/** A name or address, with a port or without. */
const HOST = /^[\w.:[\]-]+$/;

/**
 * The host that a client says it asks.
 * @returns undefined where it is none: what is in a header must become no other part of a URL, nor of a page's policy
 */
export function hostOf(c: Context): string | undefined {
  const host = c.req.header('Host');
  return host !== undefined && HOST.test(host) ? host : undefined;
}
