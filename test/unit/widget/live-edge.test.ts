import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveEdge, type LiveEdgeOptions } from '../../../widget/media/live-edge.js';

const HAVE_CURRENT_DATA = 2;
const HAVE_FUTURE_DATA = 3;

/** Of a look, ms; several per look of the live edge. */
const STEP = 10;

class FakeVideo extends EventTarget {
  currentTime = 0;
  playbackRate = 1;
  preservesPitch = false;
  paused = false;
  ended = false;
  seeking = false;
  readyState = HAVE_FUTURE_DATA;
  played = { length: 1 };
  ranges: [number, number][] = [[0, 0]];

  get buffered() {
    return {
      length: this.ranges.length,
      start: (index: number) => this.ranges[index]![0],
      end: (index: number) => this.ranges[index]![1],
    };
  }
}

let edge: LiveEdge | undefined;
let video: FakeVideo;

function make(options?: LiveEdgeOptions): LiveEdge {
  edge = new LiveEdge(video as unknown as HTMLVideoElement, options);
  return edge;
}

/** Plays for so long while pieces of 0.1 s arrive in real time. @returns which rates were played, in order */
function play(seconds: number): number[] {
  const rates = [video.playbackRate];
  for (let time = 0; time < Math.round(seconds * 1000); time += STEP) {
    if (time % 100 === 0) {
      video.ranges.at(-1)![1] += 0.1;
      edge!.arrived();
    }
    vi.advanceTimersByTime(STEP);
    if (!video.paused) video.currentTime += (video.playbackRate * STEP) / 1000;
    if (rates.at(-1) !== video.playbackRate) rates.push(video.playbackRate);
  }
  return rates;
}

/** What is left in the buffer just before the next piece. */
const left = (): number => video.ranges.at(-1)![1] - video.currentTime;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('HTMLMediaElement', { HAVE_FUTURE_DATA });
  video = new FakeVideo();
});
afterEach(() => {
  edge?.close();
  edge = undefined;
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('LiveEdge', () => {
  it('keeps the pitch, whatever the page had', () => {
    make();
    expect(video.preservesPitch).toBe(true);
  });

  it.each([
    ['at its target', 0.2, [1]],
    ['a little behind', 0.5, [1, 1.05, 1]],
    ['further behind', 1.2, [1, 1.12, 1.05, 1]],
    ['too near to the edge', 0.05, [1, 0.95, 1]],
  ])('plays at the rate that its place asks for: %s', (_where, behind, rates) => {
    video.ranges[0]![1] = 10;
    video.currentTime = 10 - behind;
    make();
    expect(play(40)).toEqual(rates);
    expect(left()).toBeGreaterThan(0.15);
    expect(left()).toBeLessThan(0.35);
  });

  it('seeks from afar, not before it has seen how pieces come', () => {
    video.ranges[0]![1] = 30;
    make();
    play(0.05);
    expect(video.currentTime).toBeLessThan(0.1);
    play(4);
    expect(video.currentTime).toBeGreaterThan(30);
    expect(video.playbackRate).toBe(1);
  });

  it('leaves a person alone who looks back, or has paused', () => {
    video.ranges[0]![1] = 10;
    video.currentTime = 9.5;
    make().isFollowing = false;
    expect(play(5)).toEqual([1]);
    edge!.isFollowing = true;
    video.paused = true;
    expect(play(0.3)).toEqual([1]);
    video.paused = false;
    expect(play(1).at(-1)).toBeGreaterThan(1);
    edge!.isFollowing = false;
    expect(video.playbackRate).toBe(1);
    edge!.seekToLive();
    expect(left()).toBeCloseTo(edge!.target);
    expect(edge!.isFollowing).toBe(true);
  });

  it('is at the edge again soon after a pause, but for a person who looks back', () => {
    for (const isFollowing of [true, false]) {
      video = new FakeVideo();
      video.ranges[0]![1] = 10;
      video.currentTime = 9.7;
      make().isFollowing = isFollowing;
      play(4);
      video.paused = true;
      play(8);
      expect(left()).toBeGreaterThan(8);
      video.paused = false;
      // Told by the browser.
      video.dispatchEvent(new Event('playing'));
      play(3);
      if (isFollowing) expect(left()).toBeLessThan(0.5);
      else expect(left()).toBeGreaterThan(8);
      edge!.close();
    }
  });

  it('does not run while it waits, and takes the rate back when it is closed', () => {
    video.ranges[0]![1] = 10;
    video.currentTime = 8.8;
    make();
    play(4);
    expect(video.playbackRate).toBeGreaterThan(1);
    video.readyState = HAVE_CURRENT_DATA;
    play(0.1);
    expect(video.playbackRate).toBe(1);
    video.readyState = HAVE_FUTURE_DATA;
    play(0.1);
    expect(video.playbackRate).toBeGreaterThan(1);
    edge!.close();
    expect(video.playbackRate).toBe(1);
  });

  it('keeps more after a stall, and tells of it; what is no stall is none', () => {
    const onStall = vi.fn();
    const { target } = make({ onStall });
    video.dispatchEvent(new Event('waiting'));
    expect(edge!.target).toBeCloseTo(target + 0.15);
    video.dispatchEvent(new Event('waiting'));
    expect(edge!.target).toBeCloseTo(target + 0.45);
    expect(onStall).toHaveBeenCalledTimes(2);
    for (const [name, value] of [
      ['seeking', true],
      ['paused', true],
      ['played', { length: 0 }],
    ] as const) {
      const before: unknown = video[name];
      Object.assign(video, { [name]: value });
      video.dispatchEvent(new Event('waiting'));
      Object.assign(video, { [name]: before });
    }
    edge!.close();
    video.dispatchEvent(new Event('waiting'));
    expect(onStall).toHaveBeenCalledTimes(2);
  });

  it.each([true, false])('goes over a hole where nobody else does (%s), once it starves', (jumpsHoles) => {
    make({ jumpsHoles });
    edge!.isFollowing = false;
    video.ranges = [
      [0, 5],
      [6, 10],
    ];
    video.currentTime = 4.98;
    play(1);
    video.currentTime = 4.98;
    video.playbackRate = 0;
    video.readyState = HAVE_CURRENT_DATA;
    vi.advanceTimersByTime(100);
    expect(video.currentTime).toBe(4.98);
    vi.advanceTimersByTime(100);
    expect(video.currentTime).toBeCloseTo(jumpsHoles ? 6.01 : 4.98);
  });

  it('jumps nowhere from the middle of what is there: a decoder that is late is no hole', () => {
    make({ jumpsHoles: true }).isFollowing = false;
    video.ranges = [
      [0, 5],
      [6, 10],
    ];
    video.currentTime = 3;
    video.readyState = HAVE_CURRENT_DATA;
    vi.advanceTimersByTime(1000);
    expect(video.currentTime).toBe(3);
  });

  it('seeks again where a seek was lost', () => {
    make();
    video.ranges = [[0, 10]];
    video.currentTime = 4;
    video.seeking = true;
    vi.advanceTimersByTime(1400);
    expect(video.currentTime).toBe(4);
    vi.advanceTimersByTime(200);
    expect(video.currentTime).toBe(9.5);
  });
});
