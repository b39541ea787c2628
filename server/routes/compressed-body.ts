import type { Context } from 'hono';

/** A text that many clients are sent: encoded once, and compressed once. */
export interface SharedText {
  readonly text: string;
}

type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const encoded = new WeakMap<SharedText, Bytes>();
const compressed = new WeakMap<Bytes, Promise<Bytes>>();

/** Its bytes in UTF-8. */
export function encodeText(shared: SharedText): Bytes {
  let bytes = encoded.get(shared);
  if (!bytes) encoded.set(shared, (bytes = encoder.encode(shared.text)));
  return bytes;
}

/**
 * Answers with bytes that many clients are sent, compressed where the client takes it: once for all of them.
 * @param headers of the answer; what concerns the compression is added
 */
export async function sendCompressible(
  c: Context,
  bytes: Bytes,
  headers: Record<string, string>,
): Promise<Response> {
  const plain = { Vary: 'Accept-Encoding', ...headers };
  if (!acceptsGzip(c)) return c.body(bytes, 200, plain);
  return c.body(await gzip(bytes), 200, { ...plain, 'Content-Encoding': 'gzip' });
}

/** RFC 9110 §12.5.3, as far as clients use it: gzip named and not refused. */
function acceptsGzip(c: Context): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/i.test(c.req.header('Accept-Encoding') ?? '');
}

function gzip(bytes: Bytes): Promise<Bytes> {
  let result = compressed.get(bytes);
  if (!result) compressed.set(bytes, (result = compress(bytes)));
  return result;
}

async function compress(bytes: Bytes): Promise<Bytes> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
