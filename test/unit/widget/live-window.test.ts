import type Hls from 'hls.js';
import { Events } from 'hls.js';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { LiveWindow } from '../../../widget/media/live-window.js';

const HAVE_NOTHING = 0;
const HAVE_METADATA = 1;
const HAVE_CURRENT_DATA = 2;
const HAVE_FUTURE_DATA = 3;

/** What is used of hls.js and a video element; the real ones play in the end-to-end runs. */
function setUp(video: { currentTime: number; readyState: number }, isAttached = true) {
  let updated: (event: string, data: unknown) => void = () => {};
  const hls = {
    on: (_event: Events, listener: typeof updated) => (updated = listener),
    media: isAttached ? video : null,
    liveSyncPosition: 15.9 as number | null,
  };
  new LiveWindow(video as HTMLVideoElement, hls as unknown as Hls, Events);
  const update = (details = {}) =>
    updated(Events.LEVEL_UPDATED, { details: { live: true, fragmentStart: 15.2, edge: 16.4, ...details } });
  return { hls, update };
}

describe('a playlist that begins behind the playhead', () => {
  beforeAll(() => {
    vi.stubGlobal('HTMLMediaElement', { HAVE_NOTHING, HAVE_METADATA, HAVE_CURRENT_DATA, HAVE_FUTURE_DATA });
    return () => vi.unstubAllGlobals();
  });

  it.each([
    ['at the end of what it has', HAVE_CURRENT_DATA],
    ['at a place of which it has nothing', HAVE_METADATA],
  ])('takes one that waits %s to where it would start', (_name, readyState) => {
    const video = { currentTime: 6.4, readyState };
    setUp(video).update();
    expect(video.currentTime).toBe(15.9);
  });

  it('takes one back that stands behind its end', () => {
    const video = { currentTime: 20, readyState: HAVE_METADATA };
    setUp(video).update();
    expect(video.currentTime).toBe(15.9);
  });

  it.each([
    ['it has something to play', { currentTime: 6.4, readyState: HAVE_FUTURE_DATA }, {}],
    ['nothing has been loaded yet', { currentTime: 0, readyState: HAVE_NOTHING }, {}],
    ['it stands inside', { currentTime: 15.3, readyState: HAVE_CURRENT_DATA }, {}],
    ['it stands a rounding before', { currentTime: 15.1, readyState: HAVE_CURRENT_DATA }, {}],
    ['the stream has ended', { currentTime: 6.4, readyState: HAVE_CURRENT_DATA }, { live: false }],
  ])('lets it stand where %s', (_name, video, details) => {
    const { currentTime } = video;
    setUp(video).update(details);
    expect(video.currentTime).toBe(currentTime);
  });

  it('does nothing where another one plays', () => {
    const video = { currentTime: 6.4, readyState: HAVE_METADATA };
    setUp(video, false).update();
    expect(video.currentTime).toBe(6.4);
  });

  it('does nothing while hls.js does not know where to start', () => {
    const video = { currentTime: 6.4, readyState: HAVE_METADATA };
    const { hls, update } = setUp(video);
    hls.liveSyncPosition = null;
    update();
    expect(video.currentTime).toBe(6.4);
  });
});
