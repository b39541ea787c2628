const NAME = 'token';

/** A playback address with a token, in place of one that it may have; without one it stays as it is. */
export function withToken(url: string, token: string | undefined): string {
  if (!token) return url;
  const result = new URL(url, globalThis.location?.href);
  result.searchParams.set(NAME, token);
  return result.href;
}

/** The same, where the address has a token: those in a playlist have that of the playlist, which may be over by now. */
export function withNewestToken(url: string, token: string | undefined): string {
  return token && new URL(url, globalThis.location?.href).searchParams.has(NAME)
    ? withToken(url, token)
    : url;
}
