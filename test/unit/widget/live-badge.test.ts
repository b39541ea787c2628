import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { VideoElementController } from '../../../widget/controllers/video-element.js';
import { ControllerHost } from './controller-host.js';
import { FakeHls } from './fake-hls.js';

class FakeVideo extends EventTarget {
  currentTime = 100;
  playbackRate = 1;
  paused = false;
  seeking = false;
  readyState = 4;
  readonly buffered = { length: 1, start: () => 0, end: () => 101 };

  play(): Promise<void> {
    return Promise.resolve();
  }
}

const host = new ControllerHost();
let video: FakeVideo;
let controller: VideoElementController;
let hls: FakeHls;

beforeEach(async () => {
  vi.doMock('hls.js/light', () => ({ default: FakeHls }));
  vi.stubGlobal('HTMLMediaElement', { HAVE_NOTHING: 0, HAVE_FUTURE_DATA: 3 });
  vi.stubGlobal('MediaSource', { isTypeSupported: () => true });
  vi.stubGlobal('fetch', () => Promise.reject(new Error('no network')));
  FakeHls.last = undefined;
  video = new FakeVideo();
  controller = new VideoElementController(host, { video: () => video as unknown as HTMLVideoElement });
  controller.hostConnected();
  controller.load('https://live.example/livestream/a/stream.m3u8');
  hls = await vi.waitUntil(() => FakeHls.last);
  hls.latestLevelDetails = {};
});
afterEach(() => {
  controller.unload();
  controller.hostDisconnected();
  vi.doUnmock('hls.js/light');
  vi.unstubAllGlobals();
});

it('is at the live edge up to 5 s behind it', () => {
  for (const [latency, isLive] of [
    [0.5, true],
    [4.9, true],
    [5, false],
    [30, false],
    [1, true],
  ] as const) {
    hls.latency = latency;
    expect(controller.atLiveEdge, `${latency} s`).toBe(isLive);
  }
});

it('is not for a person who looks back, however near, until they go back to it', () => {
  hls.latency = 2;
  controller.seek(99);
  expect(video.currentTime).toBe(99);
  expect(controller.atLiveEdge).toBe(false);
  controller.seekToLive();
  expect(controller.atLiveEdge).toBe(true);
});

it('is while nothing tells how far it is', () => {
  hls.latestLevelDetails = undefined;
  expect([controller.edgeLatency, controller.atLiveEdge]).toEqual([undefined, true]);
});
