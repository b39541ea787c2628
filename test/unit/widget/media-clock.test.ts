import { describe, expect, it } from 'vitest';
import { MediaClock } from '../../../widget/media/media-clock.js';

describe('MediaClock', () => {
  it('takes the shortest way of late for the way of all', () => {
    const clock = new MediaClock();
    expect(clock.map(1000, 50_000)).toBe(50_000);
    expect(clock.map(34_333, 70_000)).toBe(70_000);
    expect(clock.map(67_666, 140_000)).toBe(67_666 + 70_000 - 34_333);
  });

  it('is never later than the arrival', () => {
    const clock = new MediaClock();
    for (let count = 0; count < 1000; count++) {
      const arrival = count * 33_333 + (count % 7) * 3000;
      expect(clock.map(count * 33_333, arrival)).toBeLessThanOrEqual(arrival);
    }
  });

  it('follows a clock that drifts for an hour within a few milliseconds', () => {
    // 200 parts in a million: more than any device that is not broken.
    for (const drift of [1.0002, 0.9998]) {
      const clock = new MediaClock();
      // One expectation for all: hundreds of thousands take seconds.
      let furthest = 0;
      for (let time = 0; time < 3600e6; time += 20_000) {
        const mapped = clock.map(time * drift, time + 5000);
        furthest = Math.max(furthest, Math.abs(mapped - time - 5000));
      }
      expect(furthest).toBeLessThan(2000);
    }
  });

  it('forgets what it knew after a pause in which the source stood still', () => {
    const clock = new MediaClock();
    clock.map(0, 10);
    for (let time = 20e6; time < 20.2e6; time += 10_000) clock.map(time, time + 10e6);
    expect(clock.map(20.2e6, 30.2e6)).toBe(30.2e6);
  });

  it('takes a clock that goes back for another one', () => {
    const clock = new MediaClock();
    clock.map(5e6, 59_000);
    clock.map(5.01e6, 60_000);
    // As Chromium's audio: 2.5 s before what came first.
    for (let time = 2.5e6; time < 9e6; time += 10_000) {
      const arrival = 61_000 + time - 2.5e6;
      expect(clock.map(time, arrival)).toBe(arrival);
    }
    // Jitter is no other clock.
    expect(clock.map(8.985e6, 6.57e6)).toBe(8.985e6 + 61_000 - 2.5e6);
  });

  it('leaves a backlog where it was captured', () => {
    const clock = new MediaClock();
    for (let time = 0; time <= 1e6; time += 10_000) clock.map(time, time + 5000);
    // Nothing was read for eight seconds, and then all that waited.
    for (let time = 1e6; time <= 9e6; time += 10_000) {
      expect(clock.map(time, 9e6 + 5000 + (time - 1e6) / 1000)).toBe(time + 5000);
    }
    for (let time = 9.01e6; time <= 15e6; time += 10_000) {
      expect(clock.map(time, time + 8000)).toBeLessThanOrEqual(time + 8000);
      expect(clock.map(time, time + 8000)).toBeGreaterThanOrEqual(time + 5000);
    }
  });
});
