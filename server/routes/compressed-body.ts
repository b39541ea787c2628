import type { Context } from 'hono';

/** A text that many clients are sent: encoded once, and compressed once. */
export interface SharedText {
  readonly text: string;
}

type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const encoded = new WeakMap<SharedText, Bytes>();
const compressed = new WeakMap<Bytes, Bytes>();
const compressing = new WeakMap<Bytes, Promise<Bytes>>();

/** Its bytes in UTF-8. */
export function encodeText(shared: SharedText): Bytes {
  let bytes = encoded.get(shared);
  if (!bytes) encoded.set(shared, (bytes = encoder.encode(shared.text)));
  return bytes;
}

/** What {@link sendCompressible} made of it for somebody before; undefined: nobody asked for it yet. */
export function compressedText(bytes: Bytes): Bytes | undefined {
  return compressed.get(bytes);
}

/**
 * Answers with bytes that many clients are sent, compressed where the client takes it: once for all of them.
 * @param headers of this answer and no other: what concerns the compression is added to them
 */
export function sendCompressible(
  c: Context,
  bytes: Bytes,
  headers: Record<string, string>,
): Response | Promise<Response> {
  headers['Vary'] ??= 'Accept-Encoding';
  // Not by c.body(), which makes a Headers that the host takes apart again.
  if (!acceptsGzip(acceptedEncodings(c))) return new Response(bytes, { headers });
  headers['Content-Encoding'] = 'gzip';
  const send = (body: Bytes): Response => new Response(body, { headers });
  // Only the first waits: a promise costs as much as the rest of an answer.
  const made = compressed.get(bytes);
  return made ? send(made) : gzip(bytes).then(send);
}

/** RFC 9110 §12.5.3, as far as clients use it: gzip named and not refused. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/i.test(acceptEncoding ?? '');
}

/** What @hono/node-server has beside a request, where it is the host. */
interface NodeBindings {
  incoming?: { headers?: Record<string, string | string[] | undefined> };
}

/** A request's Headers are made when they are touched, of all that came: on Node one can be had without. */
function acceptedEncodings(c: Context): string | undefined {
  const headers = (c.env as NodeBindings | undefined)?.incoming?.headers;
  return headers ? String(headers['accept-encoding'] ?? '') : c.req.header('Accept-Encoding');
}

function gzip(bytes: Bytes): Promise<Bytes> {
  let result = compressing.get(bytes);
  if (!result) compressing.set(bytes, (result = compress(bytes)));
  return result;
}

async function compress(bytes: Bytes): Promise<Bytes> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'));
  const result = new Uint8Array(await new Response(stream).arrayBuffer());
  compressed.set(bytes, result);
  return result;
}
