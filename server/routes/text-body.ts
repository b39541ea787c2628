/** A text that many clients are sent: encoded once, and compressed once. */
export interface SharedText {
  readonly text: string;
}

const encoder = new TextEncoder();
const plain = new WeakMap<SharedText, Uint8Array<ArrayBuffer>>();
const compressed = new WeakMap<SharedText, Promise<Uint8Array<ArrayBuffer>>>();

/** Its bytes in UTF-8. */
export function encodeText(shared: SharedText): Uint8Array<ArrayBuffer> {
  let bytes = plain.get(shared);
  if (!bytes) plain.set(shared, (bytes = encoder.encode(shared.text)));
  return bytes;
}

/** Its bytes in UTF-8, gzipped. */
export function gzipText(shared: SharedText): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = compressed.get(shared);
  if (!bytes) compressed.set(shared, (bytes = gzip(encodeText(shared))));
  return bytes;
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
