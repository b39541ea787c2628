import { beforeEach, describe, expect, it } from 'vitest';
import { ServerClock } from '../../../widget/media/server-clock.js';

describe('ServerClock', () => {
  const ahead = 5000;
  let now: number;
  let asked: number[];
  let clock: ServerClock;

  beforeEach(() => {
    now = 1000;
    asked = [];
    clock = new ServerClock(
      (sent) => asked.push(sent),
      () => now,
    );
  });

  /** Asks; the question takes `there` ms, the answer `back`. */
  function round(there: number, back: number): void {
    clock.ask();
    const sent = asked.at(-1)!;
    const time = now + there + ahead;
    now += there + back;
    clock.answered(sent, time);
  }

  it('knows nothing before an answer', () => {
    clock.ask();
    expect(asked).toEqual([1000]);
    expect(clock.offset).toBeUndefined();
    expect(clock.roundTrip).toBeUndefined();
    expect(clock.time).toBeUndefined();
  });

  it('takes half the round trip off', () => {
    round(20, 20);
    expect(clock.offset).toBe(ahead);
    expect(clock.roundTrip).toBe(40);
    expect(clock.time).toBe(now + ahead);
  });

  it('believes the answer that waited least, and tells the newest round trip', () => {
    round(10, 190);
    round(5, 5);
    round(300, 10);
    expect(clock.offset).toBe(ahead);
    expect(clock.roundTrip).toBe(310);
  });

  it('is never wrong by more than half the round trip', () => {
    round(0, 60);
    expect(Math.abs(clock.offset! - ahead)).toBeLessThanOrEqual(30);
  });

  it('forgets old answers, since clocks drift', () => {
    round(1, 1);
    for (let count = 0; count < 8; count++) round(20, 40);
    expect(clock.offset).toBe(ahead - 10);
  });

  it('skips answers that cannot be', () => {
    clock.answered(now + 1, 0);
    clock.answered(now - 11_000, 0);
    clock.answered(Number.NaN, 0);
    clock.answered(now, Number.NaN);
    expect(clock.offset).toBeUndefined();
  });

  it('is what it was on a new connection, until that one’s first answer', () => {
    round(1, 1);
    clock.reconnected();
    expect(clock.offset).toBe(ahead);
    expect(clock.roundTrip).toBeUndefined();
    clock.reconnected();
    expect(clock.offset).toBe(ahead);
    round(20, 40);
    expect(clock.offset).toBe(ahead - 10);
  });
});
