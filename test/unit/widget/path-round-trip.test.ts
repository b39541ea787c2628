import { describe, expect, it } from 'vitest';
import { PathRoundTrip } from '../../../widget/media/path-round-trip.js';

/** The shortest trip that is known after these answers, all of them while less was sent. */
function after(...trips: number[]): number {
  const path = new PathRoundTrip();
  path.answered(20, false);
  for (const trip of trips) path.answered(trip, true);
  return path.shortest;
}

const ten = (trip: (index: number) => number) => Array.from({ length: 10 }, (_, index) => trip(index));

describe('PathRoundTrip', () => {
  it('is the shortest so far', () => {
    const path = new PathRoundTrip();
    expect(path.shortest).toBe(Infinity);
    for (const trip of [60, 40, 300]) path.answered(trip, false);
    expect(path.shortest).toBe(40);
  });

  it('is longer where trips stay longer, whatever is spared', () => {
    expect(after(...ten(() => 450))).toBe(450);
    expect(after(...ten((index) => 450 + (index % 3) * 90))).toBe(450);
    expect(after(...ten(() => 450).slice(1))).toBe(20);
  });

  it('takes a queue that grows, or gets less, for no path', () => {
    expect(after(...ten((index) => 450 + index * 40))).toBe(20);
    expect(after(...ten((index) => 2000 - index * 100))).toBe(20);
  });

  it('judges only what came while less was sent and nothing waited', () => {
    const path = new PathRoundTrip();
    path.answered(20, false);
    for (let answer = 0; answer < 40; answer++) path.answered(450, answer % 8 > 0);
    expect(path.shortest).toBe(20);
  });
});
