import { sameText } from '../ingest/resume-token.js';

const encoder = new TextEncoder();

/** Its bytes in UTF-8. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** SHA-256, hexadecimal. */
export async function sha256(text: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text))));
}

/** Hexadecimal digits of so many random bytes. */
export function randomHex(bytes: number): string {
  return hex(crypto.getRandomValues(new Uint8Array(bytes)));
}

/**
 * Whether a text is one of those that the digests are of. All are compared, and digests instead of texts, so that the time taken
 * tells neither which one it was like nor how far.
 */
export async function isOneOf(given: string, digests: Promise<readonly string[]>): Promise<boolean> {
  const digest = await sha256(given);
  let known = false;
  for (const each of await digests) known = sameText(each, digest) || known;
  return known;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
