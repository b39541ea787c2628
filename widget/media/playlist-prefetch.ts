import type { HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, PlaylistLoaderContext } from 'hls.js';

interface Playlist {
  /** Where it was in the end. */
  url: string;
  text: string;
}

/** A class of hls.js's loaders. */
export type PlaylistLoader = new (config: HlsConfig) => Loader<PlaylistLoaderContext>;

/**
 * Asks for a stream's playlists while hls.js is still being loaded: the multivariant playlist, and the media playlist where it
 * names one alone. What fails is left to hls.js, which knows how to try again.
 */
export class PlaylistPrefetch {
  /** The media playlist; undefined where it could not be had. */
  readonly media: Promise<Playlist | undefined>;
  readonly #answers = new Map<string, Promise<Playlist | undefined>>();
  readonly #abort = new AbortController();

  constructor(url: string) {
    this.media = this.#ask(url).then((playlist) => {
      const media = playlist && onlyVariant(playlist);
      return media === undefined ? undefined : this.#ask(media);
    });
  }

  /** A playlist that was asked for, once. @returns undefined: it was not. A promise of undefined: it could not be had */
  take(url: string): Promise<Playlist | undefined> | undefined {
    const answer = this.#answers.get(url);
    this.#answers.delete(url);
    return answer;
  }

  close(): void {
    this.#abort.abort();
    this.#answers.clear();
  }

  #ask(url: string): Promise<Playlist | undefined> {
    const answer = load(url, this.#abort.signal).catch(() => undefined);
    this.#answers.set(url, answer);
    return answer;
  }
}

async function load(url: string, signal: AbortSignal): Promise<Playlist | undefined> {
  const response = await fetch(url, { signal });
  return response.ok ? { url: response.url, text: await response.text() } : undefined;
}

/** Of several, hls.js chooses. */
function onlyVariant({ url, text }: Playlist): string | undefined {
  const variants = text.match(/^#EXT-X-STREAM-INF:.*\n(?!#).+/gm) ?? [];
  const uri = variants.length === 1 ? variants[0]?.split('\n')[1]?.trim() : undefined;
  return uri && URL.canParse(uri, url) ? new URL(uri, url).href : undefined;
}

/** A loader of playlists for hls.js that takes those that were asked for before. */
export function prefetchedLoader(Base: PlaylistLoader, prefetch: PlaylistPrefetch): PlaylistLoader {
  return class PrefetchedLoader extends Base {
    #isOver = false;

    override load(
      context: PlaylistLoaderContext,
      config: LoaderConfiguration,
      callbacks: LoaderCallbacks<PlaylistLoaderContext>,
    ): void {
      const answer = prefetch.take(context.url);
      if (!answer) return super.load(context, config, callbacks);
      this.context = context;
      const { loading } = this.stats;
      loading.start = performance.now();
      void answer.then((playlist) => {
        if (this.#isOver) return;
        if (!playlist) {
          // hls.js's own takes it for a sign that it was used before.
          loading.start = 0;
          return super.load(context, config, callbacks);
        }
        loading.first = loading.end = performance.now();
        this.stats.loaded = this.stats.total = playlist.text.length;
        callbacks.onSuccess({ url: playlist.url, data: playlist.text }, this.stats, context, null);
      });
    }

    override abort(): void {
      this.#isOver = true;
      super.abort();
    }

    override destroy(): void {
      this.#isOver = true;
      super.destroy();
    }
  };
}
