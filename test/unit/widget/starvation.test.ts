import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchStarvation } from '../../../widget/media/starvation.js';

const PLAYLIST = 'https://live.example/livestream/a/stream.m3u8';
const MULTIVARIANT = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nsource/x.m3u8\n';

let video: { paused: boolean; ended: boolean; readyState: number; currentTime: number };
let told: string[];
let asked: string[];
/** The media playlist, or what becomes of its request. */
let answer: (signal: AbortSignal) => string | Promise<string>;
let end: () => void;

/** A playlist that has grown whenever it is asked for. */
const grows = (): string => `${performance.now()}`;

/** @returns what was told meanwhile, with the seconds since the beginning */
async function pass(seconds: number): Promise<string[]> {
  const before = told.length;
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  return told.slice(before);
}

function watch(seconds = 5): void {
  const began = performance.now();
  const tell = (what: string): number => told.push(`${what} after ${(performance.now() - began) / 1000} s`);
  end = watchStarvation(video as HTMLVideoElement, {
    playlistUrl: () => PLAYLIST,
    seconds,
    onHope: () => tell('hope'),
    onStarved: (reason) => tell(reason),
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('HTMLMediaElement', { HAVE_NOTHING: 0, HAVE_FUTURE_DATA: 3 });
  vi.stubGlobal('fetch', async (url: string, { signal }: RequestInit) => {
    asked.push(url);
    const text = url === PLAYLIST ? MULTIVARIANT : await answer(signal!);
    const response = text === '' ? new Response('', { status: 503 }) : new Response(text);
    return Object.defineProperty(response, 'url', { value: url });
  });
  video = { paused: false, ended: false, readyState: 2, currentTime: 7 };
  told = [];
  asked = [];
  answer = grows;
});
afterEach(() => {
  end();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a picture that stands', () => {
  it.each([
    [5, ['hope after 7.5 s', 'no media for 5 s while the playlist grows after 10 s']],
    [2, ['hope after 3 s', 'no media for 2 s while the playlist grows after 4 s']],
  ])(
    'is starved where the playlist grows for longer than %i s, once all was asked anew',
    async (seconds, what) => {
      watch(seconds);
      expect(await pass(30)).toEqual(what);
    },
  );

  it.each<[string, typeof answer]>([
    ['is away', () => Promise.reject(new TypeError('Failed to fetch'))],
    ['is refused', () => ''],
    ['does not grow', () => 'the same'],
    [
      'does not come',
      (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    ],
  ])('waits where the playlist %s, and gets its chance when it grows again', async (_what, away) => {
    answer = away;
    watch();
    expect(await pass(60)).toEqual([]);
    answer = grows;
    const [hope] = await pass(7.5);
    expect(hope).toMatch(/^hope/);
    video.readyState = 4;
    expect(await pass(60)).toEqual([]);
  });

  it('is none where there never was one, or it is paused, over, moves, or has more to show', async () => {
    watch();
    for (const other of [{ readyState: 0 }, { paused: true }, { ended: true }, { readyState: 3 }]) {
      Object.assign(video, { paused: false, ended: false, readyState: 2 }, other);
      await pass(20);
    }
    video.readyState = 2;
    for (let look = 0; look < 10; look++) {
      video.currentTime += 0.1;
      await pass(2.5);
    }
    expect([...asked, ...told]).toEqual([]);
  });

  it('is nobody’s business any more when the watch is over', async () => {
    let signal: AbortSignal | undefined;
    answer = (given) => {
      signal = given;
      return new Promise(() => {});
    };
    watch();
    await pass(5);
    expect(signal?.aborted).toBe(false);
    end();
    expect(signal?.aborted).toBe(true);
    asked = [];
    expect(await pass(60)).toEqual([]);
    expect(asked).toEqual([]);
  });
});
