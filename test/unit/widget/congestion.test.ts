import { describe, expect, it } from 'vitest';
import { Congestion } from '../../../widget/media/congestion.js';

/** Bits per second that the encoder makes when nothing is held back. */
const FULL = 2_500_000;

/** A link that carries so much, and an encoder that does as it is told. */
class Simulation {
  readonly congestion = new Congestion();
  now = 0;
  /** Bits that wait. */
  queue = 0;
  mostQueued = 0;
  dropped = 0;
  changes = 0;
  rate = FULL;

  /** @param capacity bits per second */
  run(seconds: number, capacity: number): void {
    const step = 0.25;
    for (const end = this.now + seconds; this.now < end; this.now += step) {
      this.queue = Math.max(0, this.queue + (this.rate - capacity) * step);
      const waiting = this.queue / this.rate;
      this.mostQueued = Math.max(this.mostQueued, waiting);
      const { target, drop } = this.congestion.update(waiting, this.now);
      if (drop) {
        this.dropped += this.queue;
        this.queue = 0;
      }
      if (!target) continue;
      this.changes += 1;
      this.rate = FULL * target.bitrate;
    }
  }
}

describe('Congestion', () => {
  it('changes nothing while the link carries everything', () => {
    const link = new Simulation();
    link.run(60, 3_000_000);
    expect(link.changes).toBe(0);
    expect(link.congestion.state).toBe('none');
  });

  it('lowers the bitrate until it fits, and drops nothing for a link that is a little too small', () => {
    const link = new Simulation();
    link.run(10, 3_000_000);
    link.run(30, 1_500_000);
    expect(link.rate).toBeLessThanOrEqual(1_500_000);
    expect(link.congestion.state).toBe('bitrate');
    expect(link.dropped).toBe(0);
    expect(link.mostQueued).toBeLessThan(1.5);
  });

  it('then lowers the frame rate', () => {
    const link = new Simulation();
    link.run(30, 600_000);
    expect(link.congestion.state).toBe('frame-rate');
    expect(link.congestion.target.divisor).toBeGreaterThan(1);
  });

  it('loses nothing over a link that is far too small for a while', () => {
    const link = new Simulation();
    link.run(15, 50_000);
    link.run(30, 3_000_000);
    expect(link.dropped).toBe(0);
    expect(link.queue).toBe(0);
  });

  it('drops nothing over a link that still gets nearer', () => {
    const link = new Simulation();
    link.run(60, 350_000);
    expect(link.dropped).toBe(0);
  });

  it('drops media over a link that is hopeless, so that the queue never grows without end', () => {
    const link = new Simulation();
    link.run(20, 50_000);
    expect(link.dropped).toBeGreaterThan(0);
    link.mostQueued = 0;
    link.run(60, 50_000);
    expect(link.mostQueued).toBeLessThan(4);
    expect(link.congestion.target).toEqual({ bitrate: 0.08, divisor: 3 });
  });

  it('says so while it drops', () => {
    const congestion = new Congestion();
    let now = 0;
    while (congestion.state !== 'dropping') congestion.update(2 + now, ++now);
    expect(congestion.update(2, now + 0.25).drop).toBe(false);
    expect(congestion.update(2, now + 1).drop).toBe(true);
    expect(congestion.update(0, now + 3).drop).toBe(false);
    expect(congestion.state).toBe('frame-rate');
  });

  it('climbs back when the link is free again, one step in five seconds', () => {
    const link = new Simulation();
    link.run(30, 600_000);
    const low = link.rate;
    link.run(6, 10_000_000);
    expect(link.rate).toBeGreaterThan(low);
    expect(link.rate).toBeLessThan(FULL);
    link.run(120, 10_000_000);
    expect(link.rate).toBe(FULL);
    expect(link.congestion.state).toBe('none');
  });

  it('tries less and less often to climb where that fails', () => {
    const link = new Simulation();
    link.run(60, 1_500_000);
    const changesBefore = link.changes;
    link.run(240, 1_500_000);
    // Up and down again: twice at each try, and no more than one try a minute in the end.
    expect(link.changes - changesBefore).toBeLessThan(24);
  });

  it('does not climb on what it saw before the connection broke', () => {
    const congestion = new Congestion();
    congestion.update(1, 0);
    congestion.update(0, 2);
    congestion.pause();
    expect(congestion.update(0, 8).target).toBeUndefined();
    expect(congestion.update(0, 13.5).target).toEqual({ bitrate: 1, divisor: 1 });
  });
});
