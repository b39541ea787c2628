import { Events } from 'hls.js';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HlsPlayback } from '../../../widget/media/hls-playback.js';
import type { PlaybackOptions } from '../../../widget/media/playback.js';
import { FakeHls } from './fake-hls.js';

/** Behind what is there, and played at a rate that is nobody's: who has it sets another. */
class FakeVideo extends EventTarget {
  currentTime = 8.8;
  end = 10;
  playbackRate = 1.03;
  preservesPitch = false;
  paused = false;
  ended = false;
  seeking = false;
  readyState = 3;
  readonly buffered = { length: 1, start: () => 0, end: () => this.end };
}

let video: FakeVideo;
let playback: HlsPlayback | undefined;

/** One whose playlist is being asked for. */
async function open(options: PlaybackOptions): Promise<FakeHls> {
  const events = { onError: () => {}, onDebug: () => {}, onFallback: () => {} };
  const url = 'https://live.example/livestream/a/stream.m3u8';
  playback = new HlsPlayback(video as unknown as HTMLVideoElement, url, events, options);
  await vi.waitUntil(() => FakeHls.last);
  return FakeHls.last!;
}

/** Pieces of 0.1 s arrive, and are played. */
function play(seconds: number): void {
  for (let piece = 0; piece < seconds * 10; piece++) {
    vi.advanceTimersByTime(100);
    video.end += 0.1;
    video.currentTime += 0.1;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.doMock('hls.js/light', () => ({ default: FakeHls }));
  vi.stubGlobal('HTMLMediaElement', { HAVE_FUTURE_DATA: 3 });
  vi.stubGlobal('MediaSource', { isTypeSupported: () => true });
  vi.stubGlobal('fetch', () => Promise.reject(new Error('no network')));
  FakeHls.last = undefined;
  video = new FakeVideo();
});
afterEach(() => {
  playback?.close();
  playback = undefined;
  vi.doUnmock('hls.js/light');
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('keeps to the edge at once where nothing else has the element', async () => {
  await open({});
  play(4);
  expect(video.playbackRate).toBeGreaterThan(1.03);
});

it.each([true, false])(
  'leaves an element that something else has alone until it takes it (follows: %s)',
  async (isFollowing) => {
    const onTake = vi.fn(() => void (playback!.isFollowing = isFollowing));
    const hls = await open({ onTake });
    play(4);
    expect([video.playbackRate, video.preservesPitch]).toEqual([1.03, false]);
    hls.emit(Events.MANIFEST_PARSED);
    play(4);
    if (isFollowing) expect(video.playbackRate).toBeGreaterThan(1.03);
    else expect(video.playbackRate).toBe(1);
    hls.emit(Events.MANIFEST_PARSED);
    expect(onTake).toHaveBeenCalledOnce();
  },
);
