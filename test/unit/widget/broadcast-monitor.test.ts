import { beforeEach, describe, expect, it } from 'vitest';
import { BroadcastMonitor, type BroadcastHealth } from '../../../widget/media/broadcast-monitor.js';
import type { Encoder, EncoderHealth, EncoderTarget } from '../../../widget/media/encoder.js';
import type { Publisher } from '../../../widget/media/publisher.js';
import { ServerClock } from '../../../widget/media/server-clock.js';

describe('BroadcastMonitor', () => {
  let now: number;
  let targets: EncoderTarget[];
  let drops: number;
  let healths: BroadcastHealth[];
  let publisher: Record<keyof Publisher, unknown>;
  let health: EncoderHealth;
  let bufferedAmount: number;
  /** Questions to the server's clock that wait for their answer: when they were asked, ms. */
  let asked: number[];
  let clock: ServerClock;
  let monitor: BroadcastMonitor;

  beforeEach(() => {
    now = 0;
    targets = [];
    drops = 0;
    healths = [];
    bufferedAmount = 0;
    asked = [];
    publisher = {
      ...{ isRunning: true, unsentSeconds: 0, silentSeconds: 0, sentBytes: 0, bufferedBytes: 0 },
      ...{ bufferedSeconds: 0, droppedMessages: 0, droppedSeconds: 0, dropUnsent: () => drops++ },
    } as typeof publisher;
    health = { kind: 'webcodecs', videoBitsPerSecond: 1_000_000 };
    const encoder: Encoder = {
      start: () => Promise.reject(new Error('not here')),
      restart: () => {},
      stop: () => Promise.resolve(),
      setTarget: (target) => void targets.push(target),
      get health() {
        return health;
      },
    };
    clock = new ServerClock(
      (sent) => asked.push(sent),
      () => now * 1000,
    );
    monitor = new BroadcastMonitor(
      {
        ...{ streamId: 'a', encoder, publisher: publisher as unknown as Publisher, clock },
        ...{ bufferedAmount: () => bufferedAmount, send: () => {} },
        onHealth: (told) => healths.push(told),
      },
      () => now,
    );
  });

  /** @param roundTrip that answers take, seconds; undefined: none comes */
  function run(
    seconds: number,
    state: () => Partial<Record<keyof Publisher, unknown>> = () => ({}),
    roundTrip: () => number | undefined = () => undefined,
  ): void {
    for (const end = now + seconds; now < end; now += 0.01) {
      Object.assign(publisher, state());
      const took = roundTrip();
      if (took !== undefined && asked[0] !== undefined && now * 1000 - asked[0] >= took * 1000 - 1) {
        clock.answered(asked.shift()!, 0);
        monitor.clockAnswered();
      }
      monitor.tick();
    }
  }

  const congestion = () => healths.at(-1)!.congestion;

  it('lowers the bitrate over a link that brings something, and too little', () => {
    run(5, () => ({ unsentSeconds: now, silentSeconds: 0.3 }));
    expect(targets.length).toBeGreaterThanOrEqual(4);
  });

  it('takes a link that is silent for down, not for small: the picture is as good afterwards', () => {
    run(8, () => ({ unsentSeconds: now, silentSeconds: now }));
    // Before it was known for silent.
    expect(targets.length).toBeLessThanOrEqual(2);
    expect(drops).toBe(0);
  });

  it('counts what the socket holds, by what the encoder makes', () => {
    // 1.15 Mbit/s with the audio: 0.5 s, and then 0.1 s.
    bufferedAmount = 72_000;
    run(3);
    expect(targets.length).toBeGreaterThanOrEqual(2);
    bufferedAmount = 14_000;
    run(30);
    expect(congestion()).toBe('none');
  });

  it('counts by how much longer answers take than they need to, also while they are missing', () => {
    const shortest = () => 0.05;
    run(10, undefined, shortest);
    expect(targets).toEqual([]);
    run(5, undefined, () => 0.8);
    expect(targets.length).toBeGreaterThanOrEqual(2);
    run(60, undefined, shortest);
    expect(congestion()).toBe('none');
    const before = targets.length;
    run(3);
    expect(targets.length).toBeGreaterThan(before);
  });

  it('takes a path that became longer for good for no queue', () => {
    run(10, undefined, () => 0.02);
    run(10, undefined, () => 0.45);
    expect(congestion()).not.toBe('none');
    run(60, undefined, () => 0.45);
    expect(congestion()).toBe('none');
    expect(targets.at(-1)).toEqual({ bitrate: 1, divisor: 1 });
  });

  it('climbs back where the path became a little longer meanwhile', () => {
    run(10, undefined, () => 0.02);
    run(
      2,
      () => ({ unsentSeconds: 1 }),
      () => 0.22,
    );
    expect(congestion()).toBe('bitrate');
    run(
      60,
      () => ({ unsentSeconds: 0 }),
      () => 0.22,
    );
    expect(congestion()).toBe('none');
  });

  it('gives way, until nothing is left to give, to a queue that only grows', () => {
    run(10, undefined, () => 0.02);
    const since = now;
    run(40, undefined, () => 0.02 + (now - since) / 4);
    expect(targets.at(-1)).toEqual({ bitrate: 0.08, divisor: 3 });
  });

  describe('started', () => {
    /** @param kept when it starts, seconds */
    function start(kept: number): void {
      publisher.unsentSeconds = kept;
      monitor.started();
    }
    /** Between 0.3 s and 0.9 s, as parts of a picture come and go. */
    const hovers = () => ({ unsentSeconds: 0.6 + 0.3 * Math.sin(now * 3) });

    it('lowers the bitrate at once over a link that is too small from the start, where nothing was kept', () => {
      start(0.1);
      run(2, hovers);
      expect(targets).not.toEqual([]);
    });

    it('takes what was kept and does not become less for a link that is too small', () => {
      start(1.2);
      run(2, hovers);
      expect(targets).toEqual([]);
      run(4, hovers);
      expect(targets).not.toEqual([]);
    });

    it('lowers nothing for what was kept and becomes less, be it slowly, and does for what waits after it', () => {
      start(10);
      const since = now;
      run(90, () => ({ unsentSeconds: Math.max(0, 10 - (now - since) / 8) }));
      expect(targets).toEqual([]);
      run(3, hovers);
      expect(targets).not.toEqual([]);
    });

    it('does not count the time in which nothing came back', () => {
      start(10);
      const since = now;
      run(4, () => ({ unsentSeconds: 10, silentSeconds: now - since }));
      run(2, () => ({ unsentSeconds: 10, silentSeconds: 0 }));
      expect(targets).toEqual([]);
    });
  });

  it('tells what was lost on the way', () => {
    run(2, () => ({ droppedMessages: 7, droppedSeconds: 0.5 }));
    expect(healths.at(-1)).toMatchObject({ dropped: 7, droppedSeconds: 0.5 });
  });

  it('tells once a second what was encoded and sent since, and what is kept', () => {
    run(4, () => {
      health = { ...health, frames: Math.floor(now * 30), queue: 2, dropped: 1 };
      return { sentBytes: Math.floor(now * 125_000), bufferedBytes: 4711, bufferedSeconds: 0.7 };
    });
    expect(healths.length).toBeGreaterThanOrEqual(3);
    const told = healths.at(-1)!;
    expect(told).toMatchObject({ bufferedBytes: 4711, bufferedSeconds: 0.7, encoderQueue: 2, dropped: 1 });
    expect(Math.abs(told.framesPerSecond! - 30)).toBeLessThanOrEqual(1);
    expect(Math.abs(told.kilobitsPerSecond - 1000)).toBeLessThanOrEqual(10);
  });
});
