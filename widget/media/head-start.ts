import { withToken } from '../playback-token.js';
import { canPlayInstantly, instantUrl } from './instant-url.js';
import { mediaSourceClass } from './mse-sink.js';
import { playlistFor } from './playlist-for.js';
import { PlaylistPrefetch } from './playlist-prefetch.js';

/**
 * What playing a stream asks for first, asked for while the video element is still being made: to make an element with its styles takes
 * longer than the network. Each is taken once; what is not taken by then is given up with `close()`.
 */
export class HeadStart {
  readonly #abort = new AbortController();
  #playlists: { url: string; prefetch: PlaylistPrefetch } | undefined;
  #response: { url: string; answer: Promise<Response> } | undefined;

  /**
   * @param playlistUrl as playback is given it
   * @param isInstant the endless MP4 is played, where this browser can
   * @param token a viewer's
   */
  constructor(playlistUrl: string, isInstant: boolean, token: string | undefined) {
    if (!mediaSourceClass()) return;
    if (isInstant && canPlayInstantly()) {
      const url = withToken(instantUrl(playlistUrl), token);
      const answer = fetch(url, {
        signal: this.#abort.signal,
        cache: 'no-store',
        credentials: 'same-origin',
      });
      // Who takes it is told; who does not is not interested.
      answer.catch(() => {});
      this.#response = { url, answer };
    } else {
      const url = withToken(playlistFor(playlistUrl), token);
      this.#playlists = { url, prefetch: new PlaylistPrefetch(url) };
      import('hls.js/light').catch(() => {});
    }
  }

  /** The playlists of an address, where they are asked for. */
  takePlaylists(url: string): PlaylistPrefetch | undefined {
    const { prefetch } = (this.#playlists?.url === url && this.#playlists) || {};
    if (prefetch) this.#playlists = undefined;
    return prefetch;
  }

  /** `fetch`, with the answer that is on its way already where it is the one that is asked for. */
  fetch(url: string, request: RequestInit = {}): Promise<Response> {
    if (this.#response?.url !== url) return fetch(url, request);
    const { answer } = this.#response;
    this.#response = undefined;
    request.signal?.addEventListener('abort', () => this.#abort.abort());
    return answer;
  }

  close(): void {
    this.#playlists?.prefetch.close();
    if (this.#response) this.#abort.abort();
    this.#playlists = this.#response = undefined;
  }
}
