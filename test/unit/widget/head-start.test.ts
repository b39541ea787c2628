import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HeadStart } from '../../../widget/media/head-start.js';

const PLAYLIST = 'https://live.example/livestream/a/stream.m3u8';
const LIVE = 'https://live.example/livestream/a/live.mp4?flush=frame&token=t';

let asked: { url: string; signal: AbortSignal | undefined }[];
beforeEach(() => {
  asked = [];
  vi.stubGlobal('MediaSource', { isTypeSupported: () => true });
  vi.stubGlobal('fetch', (url: string, { signal }: RequestInit = {}) => {
    asked.push({ url, signal: signal ?? undefined });
    return Promise.resolve(Object.defineProperty(new Response('#EXTM3U\n'), 'url', { value: url }));
  });
});
afterEach(() => vi.unstubAllGlobals());

describe('a head start', () => {
  it('asks for the playlists of a stream, once', async () => {
    const start = new HeadStart(PLAYLIST, false, 't');
    expect(asked.map(({ url }) => url)).toEqual([`${PLAYLIST}?token=t`]);
    expect(start.takePlaylists(PLAYLIST)).toBeUndefined();
    const playlists = start.takePlaylists(`${PLAYLIST}?token=t`)!;
    expect(await playlists.take(`${PLAYLIST}?token=t`)).toMatchObject({ text: '#EXTM3U\n' });
    expect(start.takePlaylists(`${PLAYLIST}?token=t`)).toBeUndefined();
    // What is taken belongs to who took it.
    start.close();
    expect(asked[0]!.signal?.aborted).toBe(false);
  });

  it('asks for live.mp4, and gives its answer to the first who asks for the same', async () => {
    const start = new HeadStart(PLAYLIST, true, 't');
    expect(asked.map(({ url }) => url)).toEqual([LIVE]);
    const end = new AbortController();
    await start.fetch(LIVE, { signal: end.signal });
    expect(asked).toHaveLength(1);
    start.close();
    expect(asked[0]!.signal?.aborted).toBe(false);
    end.abort();
    expect(asked[0]!.signal?.aborted).toBe(true);
    await start.fetch(LIVE);
    expect(asked).toHaveLength(2);
  });

  it('asks anew for what has another token by then', async () => {
    const start = new HeadStart(PLAYLIST, true, 'old');
    await start.fetch(LIVE);
    expect(asked.map(({ url }) => url)).toEqual([LIVE.replace('token=t', 'token=old'), LIVE]);
    start.close();
    expect(asked[0]!.signal?.aborted).toBe(true);
  });

  it.each([true, false])('gives up what nobody takes (instant: %s)', (isInstant) => {
    new HeadStart(PLAYLIST, isInstant, undefined).close();
    expect(asked[0]!.signal?.aborted).toBe(true);
  });

  it('asks for nothing where there are no Media Source Extensions', () => {
    vi.stubGlobal('MediaSource', undefined);
    const start = new HeadStart(PLAYLIST, false, undefined);
    expect(asked).toEqual([]);
    start.close();
  });
});
