/** Addresses of one server. */
export interface Backend {
  /** Of the WebSocket, `ws:` or `wss:`. */
  socketUrl: string;
  /** Of a stream's multivariant playlist. */
  playbackUrl(streamId: string): string;
}

let defaultBackendUrl: string | undefined;

/**
 * Sets the backend of every element and controller that names none.
 * @param url absolute or relative to the page; undefined: the page's origin again
 */
export function setDefaultBackendUrl(url: string | undefined): void {
  defaultBackendUrl = url;
}

/**
 * The addresses of a server. It may be mounted under a path: `https://host/live` has its WebSocket at
 * `wss://host/live/livestream/ws`.
 *
 * @param backendUrl absolute or relative to the page; absent: the default backend, else the page's origin
 * @param cdnUrl where playlists and media come from instead
 * @throws TypeError where an address is no http(s) or ws(s) URL
 */
export function resolveBackend(backendUrl?: string, cdnUrl?: string): Backend {
  const base = baseUrl(backendUrl || defaultBackendUrl || location.origin);
  const playbackBase = cdnUrl ? baseUrl(cdnUrl) : base;
  const socketUrl = new URL('livestream/ws', base);
  socketUrl.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:';
  return {
    socketUrl: socketUrl.href,
    playbackUrl: (streamId) =>
      new URL(`livestream/${encodeURIComponent(streamId)}/stream.m3u8`, playbackBase).href,
  };
}

function baseUrl(address: string): URL {
  const url = new URL(address, location.href);
  if (url.protocol === 'ws:') url.protocol = 'http:';
  if (url.protocol === 'wss:') url.protocol = 'https:';
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`"${address}" is no backend address: give one that begins with https:// or http://.`);
  }
  url.search = '';
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
