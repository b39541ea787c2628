import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Liveness } from '../../../widget/media/liveness.js';

describe('Liveness', () => {
  const ask = vi.fn();
  const onDead = vi.fn();
  let liveness: Liveness;
  beforeEach(() => {
    vi.useFakeTimers();
    liveness = new Liveness({ ask, onDead });
    liveness.start();
  });
  afterEach(() => {
    liveness.stop();
    vi.useRealTimers();
    vi.resetAllMocks();
  });

  it.each([0, 1, 1000, 1999])('notices within ten seconds, %s ms after a look', (later) => {
    ask.mockImplementation(() => liveness.heard());
    vi.advanceTimersByTime(60_000 + later);
    liveness.heard();
    ask.mockReset();
    vi.advanceTimersByTime(5900);
    expect(ask).toHaveBeenCalledOnce();
    expect(onDead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2200);
    expect(onDead).toHaveBeenCalledExactlyOnceWith(8);
  });

  it('asks where nothing comes, and is content with answers that take a while', () => {
    ask.mockImplementation(() => setTimeout(() => liveness.heard(), 3500));
    vi.advanceTimersByTime(120_000);
    expect(ask.mock.calls.length).toBeGreaterThan(10);
    expect(onDead).not.toHaveBeenCalled();
  });

  it('asks nothing where enough comes', () => {
    const coming = setInterval(() => liveness.heard(), 1500);
    vi.advanceTimersByTime(120_000);
    clearInterval(coming);
    expect(ask).not.toHaveBeenCalled();
  });

  it('does not count the time in which the page slept', () => {
    ask.mockImplementation(() => setTimeout(() => liveness.heard(), 100));
    vi.advanceTimersByTime(4000);
    // The clock goes on, timers do not.
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(2000);
    expect(onDead).not.toHaveBeenCalled();
  });

  it('has nothing to say once it is stopped', () => {
    liveness.stop();
    vi.advanceTimersByTime(60_000);
    expect(ask).not.toHaveBeenCalled();
    expect(onDead).not.toHaveBeenCalled();
  });
});
