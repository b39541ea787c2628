/** A line that is a URI, or an attribute that has one: RFC 8216bis §4.1 and §4.2. */
const URIS = /^(?!#)(.+)$|(?<=[:,]URI=")([^"]+)(?=")/gm;

/**
 * A playlist with a token in each URI, all of which are relative and have no query: native players and `<video>` can send it in no
 * other way.
 */
export function withToken(playlist: string, token: string): string {
  const query = `?token=${encodeURIComponent(token)}`;
  return playlist.replace(URIS, (uri) => uri + query);
}
