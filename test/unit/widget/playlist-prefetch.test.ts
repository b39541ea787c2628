import type { HlsConfig, LoaderStats, PlaylistLoaderContext } from 'hls.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  PlaylistPrefetch,
  prefetchedLoader,
  type PlaylistLoader,
} from '../../../widget/media/playlist-prefetch.js';

const MULTIVARIANT = 'https://live.example/livestream/a/stream.m3u8?token=t';
const MEDIA = 'https://live.example/livestream/a/source/x.m3u8?token=t';
const variant = (uri: string): string => `#EXT-X-STREAM-INF:BANDWIDTH=1\n${uri}\n`;

/** A server of these texts; others are 404. */
function serve(texts: Record<string, string>): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: string, { signal }: RequestInit) => {
    asked.push(url);
    await Promise.resolve();
    signal?.throwIfAborted();
    const response = new Response(texts[url], { status: texts[url] === undefined ? 404 : 200 });
    return Object.defineProperty(response, 'url', { value: url });
  });
  return asked;
}

/** Everything that waits for no time has happened. Not by a timer: another file of this process may have them in its hands. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    const { port1, port2 } = new MessageChannel();
    await new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(undefined);
    });
    port1.close();
  }
}

afterEach(() => vi.unstubAllGlobals());

describe('playlists that are asked for before', () => {
  it('are the multivariant one and the only one that it names, each once', async () => {
    const texts = { [MULTIVARIANT]: `#EXTM3U\n${variant('source/x.m3u8?token=t')}`, [MEDIA]: 'media' };
    const asked = serve(texts);
    const prefetch = new PlaylistPrefetch(MULTIVARIANT);
    expect(await prefetch.take(MULTIVARIANT)).toEqual({ url: MULTIVARIANT, text: texts[MULTIVARIANT] });
    await settled();
    expect(await prefetch.take(MEDIA)).toEqual({ url: MEDIA, text: 'media' });
    expect(prefetch.take(MULTIVARIANT)).toBeUndefined();
    expect(prefetch.take(MEDIA)).toBeUndefined();
    expect(asked).toEqual([MULTIVARIANT, MEDIA]);
  });

  it.each([
    ['several are named', variant('a.m3u8') + variant('b.m3u8')],
    ['it is a media playlist', '#EXTM3U\n#EXTINF:1,\na.m4s\n'],
    ['what is named is no address', variant('http://[')],
  ])('are no more than that where %s', async (_name, text) => {
    const asked = serve({ [MULTIVARIANT]: text });
    new PlaylistPrefetch(MULTIVARIANT);
    await settled();
    expect(asked).toEqual([MULTIVARIANT]);
  });

  it.each([
    ['is not there', {}, 0],
    ['was given up', { [MULTIVARIANT]: variant('a.m3u8') }, 1],
  ])('are nothing where one %s', async (_name, texts, closes) => {
    const asked = serve(texts);
    const prefetch = new PlaylistPrefetch(MULTIVARIANT);
    const answer = prefetch.take(MULTIVARIANT);
    if (closes) prefetch.close();
    expect(await answer).toBeUndefined();
    await settled();
    expect(asked).toEqual([MULTIVARIANT]);
  });
});

describe('a loader that takes them', () => {
  /** What is used of hls.js's own loader. */
  function setUp() {
    const calls: string[] = [];
    class Base {
      context: unknown;
      stats = { loading: { start: 0, first: 0, end: 0 } } as LoaderStats;
      load(context: PlaylistLoaderContext): void {
        if (this.stats.loading.start) throw new Error('Loader can only be used once.');
        calls.push(`load ${context.url}`);
      }
      abort(): void {
        calls.push('abort');
      }
      destroy(): void {
        calls.push('destroy');
      }
    }
    const prefetch = new PlaylistPrefetch(MULTIVARIANT);
    const Loader = prefetchedLoader(Base as unknown as PlaylistLoader, prefetch);
    const loader = new Loader({} as HlsConfig);
    const onSuccess = vi.fn();
    const start = (url: string) => {
      const context = { url } as PlaylistLoaderContext;
      loader.load(context, {} as never, { onSuccess } as never);
      return context;
    };
    return { calls, loader, onSuccess, start };
  }

  it('gives what was had, as if it had been loaded', async () => {
    serve({ [MULTIVARIANT]: 'text' });
    const { calls, loader, onSuccess, start } = setUp();
    const context = start(MULTIVARIANT);
    await settled();
    expect(onSuccess).toHaveBeenCalledExactlyOnceWith(
      { url: MULTIVARIANT, data: 'text' },
      loader.stats,
      context,
      null,
    );
    expect(loader.context).toBe(context);
    expect(loader.stats.loading.end).toBeGreaterThan(0);
    expect(calls).toEqual([]);
  });

  it('loads what was not asked for, and what could not be had', async () => {
    serve({});
    const { calls, onSuccess, start } = setUp();
    start(MEDIA);
    start(MULTIVARIANT);
    await settled();
    expect(calls).toEqual([`load ${MEDIA}`, `load ${MULTIVARIANT}`]);
    expect(onSuccess).not.toHaveBeenCalled();
  });

  it.each(['abort', 'destroy'] as const)('is quiet after %s', async (end) => {
    serve({ [MULTIVARIANT]: 'text' });
    const { calls, loader, onSuccess, start } = setUp();
    start(MULTIVARIANT);
    loader[end]();
    await settled();
    expect(calls).toEqual([end]);
    expect(onSuccess).not.toHaveBeenCalled();
  });
});
