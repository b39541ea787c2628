import { beforeEach, describe, expect, it } from 'vitest';
import { BroadcastMonitor, type BroadcastHealth } from '../../../widget/media/broadcast-monitor.js';
import type { Encoder, EncoderTarget } from '../../../widget/media/encoder.js';
import type { Publisher } from '../../../widget/media/publisher.js';

describe('BroadcastMonitor', () => {
  let now: number;
  let targets: EncoderTarget[];
  let drops: number;
  let healths: BroadcastHealth[];
  let publisher: Record<keyof Publisher, unknown>;
  let monitor: BroadcastMonitor;

  beforeEach(() => {
    now = 0;
    targets = [];
    drops = 0;
    healths = [];
    publisher = {
      ...{ isRunning: true, unsentSeconds: 0, silentSeconds: 0, sentBytes: 0, bufferedBytes: 0 },
      ...{ bufferedSeconds: 0, droppedMessages: 0, droppedSeconds: 0, dropUnsent: () => drops++ },
    } as typeof publisher;
    const encoder: Encoder = {
      start: () => Promise.reject(new Error('not here')),
      restart: () => {},
      stop: () => Promise.resolve(),
      setTarget: (target) => void targets.push(target),
      health: { kind: 'webcodecs', videoBitsPerSecond: 1_000_000 },
    };
    monitor = new BroadcastMonitor(
      {
        ...{ streamId: 'a', encoder, publisher: publisher as unknown as Publisher, clock: undefined },
        ...{ bufferedAmount: () => 0, send: () => {}, onHealth: (health) => healths.push(health) },
      },
      () => now,
    );
  });

  function run(seconds: number, state: () => Partial<Record<keyof Publisher, unknown>>): void {
    for (const end = now + seconds; now < end; now += 0.25) {
      Object.assign(publisher, state());
      monitor.tick();
    }
  }

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

  it('tells what was lost on the way', () => {
    run(2, () => ({ droppedMessages: 7, droppedSeconds: 0.5 }));
    expect(healths.at(-1)).toMatchObject({ dropped: 7, droppedSeconds: 0.5 });
  });
});
