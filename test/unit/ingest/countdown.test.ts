import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Countdown } from '../../../server/ingest/countdown.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A countdown in a process that can be suspended: its timers stand still then, its clock does not. */
function setUp() {
  const onOver = vi.fn();
  let suspended = 0;
  const countdown = new Countdown(onOver, () => performance.now() + suspended);
  return { countdown, onOver, suspend: (time: number) => (suspended += time) };
}

describe('Countdown', () => {
  it('is over once, when its time is', () => {
    const { countdown, onOver } = setUp();
    countdown.start(5000);
    vi.advanceTimersByTime(4999);
    expect(onOver).not.toHaveBeenCalled();
    expect(countdown.isRunning).toBe(true);
    vi.advanceTimersByTime(60_000);
    expect(onOver).toHaveBeenCalledOnce();
    expect(countdown.isRunning).toBe(false);
  });

  it('begins anew, and stops', () => {
    const { countdown, onOver } = setUp();
    countdown.start(5000);
    vi.advanceTimersByTime(4000);
    countdown.start(5000);
    vi.advanceTimersByTime(4000);
    countdown.stop();
    vi.advanceTimersByTime(60_000);
    expect(onOver).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    [3000, 3000],
    [3_600_000, 5000],
  ])('gives the time back in which the process was suspended: of %i ms %i', (suspension, given) => {
    const { countdown, onOver, suspend } = setUp();
    countdown.start(5000);
    suspend(suspension);
    vi.advanceTimersByTime(5000 + given - 1);
    expect(onOver).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onOver).toHaveBeenCalledOnce();
  });
});
