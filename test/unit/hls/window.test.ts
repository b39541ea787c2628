import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PlaybackError } from '../../../server/errors.js';
import { Window } from '../../../server/hls/window.js';

function makeWindow(options: Partial<ConstructorParameters<typeof Window>[0]> = {}): Window {
  const window = new Window({ targetDuration: 2, segments: 6, bytes: Infinity, ...options });
  window.partTarget = 0.2;
  window.addInit(0, new Uint8Array(10));
  return window;
}

function open(window: Window, discontinuity = false, init = 0): void {
  window.openSegment({ init, discontinuity, programDateTime: 0, independent: true });
}

function addPart(window: Window, size = 100): void {
  window.addPart({ duration: 0.2, independent: true, bytes: new Uint8Array(size) });
}

function addSegment(window: Window, parts = 5, size = 100): void {
  open(window);
  for (let index = 0; index < parts; index++) addPart(window, size);
  window.closeSegment();
}

async function settled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  await Promise.resolve();
  return (await Promise.race([promise.then(() => true), Promise.resolve(pending)])) !== pending;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('Window', () => {
  it('lists at most its segments', () => {
    const window = makeWindow();
    for (let index = 0; index < 20; index++) addSegment(window);
    open(window);
    expect(window.listed.map((segment) => segment.msn)).toEqual([15, 16, 17, 18, 19, 20, 21]);
  });

  it('§6.2.2 keeps what left the list for its own duration and that of the longest playlist it was in', () => {
    const window = makeWindow();
    for (let index = 0; index < 20; index++) addSegment(window);
    open(window);
    // Segments of 1 s, seven of them listed: one that left less than 8 s ago can be had.
    expect(window.segment(7)).toHaveLength(500);
    expect(window.segment(6)).toBeUndefined();
    expect(window.part(6 * 5)).toHaveLength(100);
    expect(window.part(6 * 5 - 1)).toBeUndefined();
  });

  it('§6.2.2 lists more than its segments where they are shorter than three target durations', () => {
    const window = makeWindow();
    for (let index = 0; index < 20; index++) addSegment(window, 2);
    open(window);
    // Of 0.4 s: fifteen are 6 s.
    expect(window.listed.map((segment) => segment.msn)).toEqual(Array.from({ length: 16 }, (_, i) => i + 6));
  });

  it('lists no more than a hundred segments, however short', () => {
    const window = makeWindow();
    for (let index = 0; index < 300; index++) {
      open(window);
      window.addPart({ duration: 0.001, independent: true, bytes: new Uint8Array(1) });
      window.closeSegment();
    }
    open(window);
    expect(window.listed).toHaveLength(101);
  });

  it('lists fewer segments where bytes are short, and keeps those that left as long as they must be', () => {
    const window = makeWindow({ bytes: 10_000, segments: 12 });
    for (let index = 0; index < 50; index++) addSegment(window);
    open(window);
    // 500 bytes each: eight are two fifths.
    expect(window.listed).toHaveLength(9);
    expect(window.bytes).toBeLessThanOrEqual(10_000);
    for (let msn = window.listed[0]!.msn - 9; msn <= 50; msn++) expect(window.segment(msn)).toBeDefined();
  });

  it('§6.2.2 never lists less than six segments, and says when they are too much', () => {
    const window = makeWindow({ bytes: 3000 });
    for (let index = 0; index < 6; index++) addSegment(window);
    expect(window.isOverfull).toBe(false);
    for (let index = 0; index < 44; index++) {
      addSegment(window);
      expect(window.listed.length).toBeGreaterThanOrEqual(7);
    }
    expect(window.isOverfull).toBe(true);
    // Nothing else is kept.
    expect(window.bytes).toBe(3500);
  });

  it('gives up its oldest segment for others, but none of six, nor of three target durations', () => {
    const window = makeWindow({ segments: 12 });
    for (let index = 0; index < 8; index++) addSegment(window);
    expect(window.giveUpOldest()).toBe(true);
    expect(window.giveUpOldest()).toBe(true);
    expect(window.giveUpOldest()).toBe(false);
    expect(window.listed.map((segment) => segment.msn)).toEqual([3, 4, 5, 6, 7, 8]);
    const short = makeWindow({ segments: 30 });
    for (let index = 0; index < 16; index++) addSegment(short, 2);
    expect(short.giveUpOldest()).toBe(true);
    expect(short.giveUpOldest()).toBe(false);
    expect(short.listed).toHaveLength(15);
  });

  it('counts discontinuities that left the list', () => {
    const window = makeWindow();
    for (let index = 0; index < 10; index++) {
      open(window, index === 2);
      for (let part = 0; part < 5; part++) addPart(window);
      window.closeSegment();
    }
    open(window);
    expect(window.discontinuitySequence).toBe(1);
  });

  it('forgets init segments that no segment needs', () => {
    const window = makeWindow();
    window.addInit(1, new Uint8Array(11));
    addSegment(window);
    for (let index = 0; index < 20; index++) {
      open(window, false, 1);
      for (let part = 0; part < 5; part++) addPart(window);
      window.closeSegment();
    }
    expect(window.init(0)).toBeUndefined();
    expect(window.init(1)).toHaveLength(11);
  });

  it('gives a segment only when it is complete', () => {
    const window = makeWindow();
    open(window);
    addPart(window);
    expect(window.segment(1)).toBeUndefined();
    window.closeSegment();
    expect(window.segment(1)).toHaveLength(100);
  });
});

describe('blocking reload (RFC 8216bis §6.2.5.2)', () => {
  it('answers at once for what is there, and for what is past', async () => {
    const window = makeWindow();
    addSegment(window);
    open(window);
    addPart(window);
    await window.reach(1, 3);
    await window.reach(2, 0);
  });

  it('waits for a part', async () => {
    const window = makeWindow();
    open(window);
    addPart(window);
    const reached = window.reach(1, 1);
    expect(await settled(reached)).toBe(false);
    addPart(window);
    await reached;
  });

  it('takes a part index past a finished segment for the first part of the next', async () => {
    const window = makeWindow();
    addSegment(window);
    const reached = window.reach(1, 5);
    expect(await settled(reached)).toBe(false);
    open(window);
    addPart(window);
    await reached;
  });

  it.each([
    [4, 0],
    [100, 0],
  ])('refuses segment %i when segment 2 is growing', async (msn, part) => {
    const window = makeWindow();
    addSegment(window);
    open(window);
    addPart(window);
    await expect(window.reach(msn, part)).rejects.toMatchObject({ status: 400 });
  });

  it('refuses a part too far ahead', async () => {
    const window = makeWindow();
    open(window);
    addPart(window);
    await expect(window.reach(1, 100)).rejects.toThrow(/_HLS_part=100 of _HLS_msn=1/);
  });

  it('gives up after three target durations', async () => {
    const window = makeWindow();
    addSegment(window);
    const reached = window.reach(2, 0);
    const failure = expect(reached).rejects.toSatisfy((error: PlaybackError) => error.status === 503);
    await vi.advanceTimersByTimeAsync(5999);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    await failure;
  });

  it('ends with its client', async () => {
    const window = makeWindow();
    addSegment(window);
    const client = new AbortController();
    const reached = window.reach(2, 0, client.signal);
    client.abort();
    await expect(reached).rejects.toThrow();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is released by the end of the stream', async () => {
    const window = makeWindow();
    addSegment(window);
    const reached = window.reach(2, 0);
    const hinted = window.hintedPart(5);
    window.end();
    await reached;
    expect(await hinted).toBeUndefined();
    await window.reach(999, 0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a window that another process goes on with', () => {
  it('does not end, and answers at once those who wait for what it will not make', async () => {
    const window = makeWindow();
    addSegment(window);
    const reached = window.reach(2, 0).catch((error: PlaybackError) => error);
    const hinted = window.hintedPart(5);
    open(window);
    addPart(window);
    const next = window.reach(2, 1).catch((error: PlaybackError) => error);
    window.suspend();
    expect(await reached).toBeUndefined();
    expect(await hinted).toHaveLength(100);
    expect(await next).toMatchObject({ status: 503, retryAfter: 1 });
    await expect(window.reach(3, 0)).rejects.toMatchObject({ status: 503, retryAfter: 1 });
    expect(await window.hintedPart(6)).toBeUndefined();
    await window.reach(1, 0);
    expect(window.ended).toBe(false);
    expect(window.last!.complete).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('goes on where the one before left off', () => {
    const before = makeWindow();
    open(before, true);
    for (let index = 0; index < 20; index++) addSegment(before);
    open(before, true);
    addPart(before);
    before.closeSegment();
    const window = makeWindow();
    window.continueFrom(before.position);
    expect(window.partTarget).toBe(0.2);
    expect(window.discontinuitySequence).toBe(2);
    open(window, true);
    addPart(window);
    expect(window.last!.msn).toBe(before.last!.msn + 1);
    expect(window.position.discontinuitySequence).toBe(3);
  });
});

describe('the hinted part', () => {
  it('is held until it is whole, whichever segment it falls into', async () => {
    const window = makeWindow();
    addSegment(window);
    const hinted = window.hintedPart(5);
    expect(await settled(hinted)).toBe(false);
    open(window);
    addPart(window, 42);
    expect(await hinted).toHaveLength(42);
  });

  it('is the next one only', async () => {
    const window = makeWindow();
    addSegment(window);
    expect(await window.hintedPart(6)).toBeUndefined();
    expect(await window.hintedPart(2)).toHaveLength(100);
  });
});
