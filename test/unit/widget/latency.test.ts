import { describe, expect, it } from 'vitest';
import {
  INSTANT_LATENCY_DEFAULTS,
  LatencyControl,
  type LatencyOptions,
} from '../../../widget/media/latency.js';

const STEP = 0.05;

/** A player fed with pieces of equal length that arrive when they are whole, and late by `lateness`. */
class Simulation {
  now = 0;
  position: number;
  rate = 1;
  stalls = 0;
  seeks = 0;
  readonly control: LatencyControl;
  readonly #piece: number;
  #isStalled = false;
  readonly #lateness: (piece: number) => number;

  constructor(
    start: { behind: number; piece: number; lateness?: (piece: number) => number },
    options?: Partial<LatencyOptions>,
  ) {
    this.#piece = start.piece;
    this.#lateness = start.lateness ?? (() => 0);
    this.now = 100;
    this.position = this.now - start.behind;
    this.control = new LatencyControl(options);
  }

  /** Whole pieces up to the first that is late. */
  get bufferedEnd(): number {
    let index = Math.floor(this.now / this.#piece);
    while (index > 0 && index * this.#piece + this.#lateness(index) > this.now) index--;
    return index * this.#piece;
  }

  /** Behind the source. */
  get latency(): number {
    return this.now - this.position;
  }

  run(seconds: number): void {
    for (let step = 0; step < seconds / STEP; step++) {
      this.now += STEP;
      const next = this.position + STEP * this.rate;
      if (next > this.bufferedEnd) {
        if (this.position < this.bufferedEnd) {
          this.stalls++;
          this.control.stalled(this.now);
        }
        this.position = this.bufferedEnd;
        this.#isStalled = true;
      } else {
        if (this.#isStalled) this.control.reset();
        this.#isStalled = false;
        this.position = next;
      }
      const { rate, seekTo } = this.control.update({
        now: this.now,
        position: this.position,
        bufferedEnd: this.bufferedEnd,
      });
      this.rate = rate;
      if (seekTo !== undefined) {
        this.seeks++;
        this.position = seekTo;
      }
    }
  }
}

/** A network that holds everything back now and then: how late each piece from 100 s on is, in order. */
function hiccups(piece: number, every: number, size: number): (piece: number) => number {
  let seed = 7;
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const late: number[] = [];
  let next = every * (0.5 + random());
  for (let at = 0; at < 1000 / piece; at++) {
    const isHiccup = at * piece > next;
    if (isHiccup) next += every * (0.5 + random());
    const own = isHiccup ? size * (0.7 + 0.3 * random()) : random() * 0.04;
    late.push(Math.max(own, (late.at(-1) ?? 0) - piece));
  }
  return (index) => late[Math.max(0, index - Math.floor(100 / piece))] ?? 0;
}

describe('LatencyControl', () => {
  it.each([
    [1 / 30, 10, 0.6],
    [0.1, 10, 0.6],
    [0.2, 4, 0.4],
    [0.2, 10, 0.6],
    [0.2, 20, 0.5],
    [2, 10, 0.6],
    [6, 20, 0],
  ])(
    'learns what a network does now and then: pieces of %d s, every %d s late by %d s',
    (piece, every, size) => {
      const player = new Simulation(
        { behind: Math.max(0.9, 2.5 * piece), piece, lateness: hiccups(piece, every, size) },
        piece < 0.1 ? INSTANT_LATENCY_DEFAULTS : undefined,
      );
      player.run(150);
      expect(player.stalls).toBeLessThan(6);
      const { stalls } = player;
      let sum = 0;
      for (let second = 0; second < 600; second++) {
        player.run(1);
        sum += player.latency;
      }
      expect(player.stalls).toBe(stalls);
      expect(sum / 600).toBeLessThan(piece + 1.1);
    },
  );

  it('believes a source that catches up long before the window has passed', () => {
    const until = (time: number) => (piece: number) => (piece * 0.1 < time ? 0.5 : 0);
    const player = new Simulation({ behind: 0.9, piece: 0.1, lateness: until(103) });
    player.run(9);
    expect(player.stalls).toBe(0);
    expect(player.latency).toBeLessThan(0.8);
    player.run(6);
    expect(player.latency).toBeLessThan(0.5);
  });

  it('forgets each thing that was late while the page began', () => {
    const isLate = (time: number): boolean => time < 102 || (time > 107 && time < 107.5);
    const player = new Simulation({
      behind: 1.5,
      piece: 0.1,
      lateness: (piece) => (isLate(piece * 0.1) ? 0.6 : 0),
    });
    player.run(20);
    expect(player.stalls).toBe(0);
    expect(player.latency).toBeLessThan(0.5);
  });

  it('comes as near as the parts allow, without a stall', () => {
    const player = new Simulation({ behind: 1.3, piece: 0.2 });
    player.run(15);
    expect(player.latency).toBeGreaterThan(0.2);
    expect(player.latency).toBeLessThan(0.5);
    expect(player.stalls).toBe(0);
    expect(player.rate).toBe(1);
  });

  it('stays there', () => {
    const player = new Simulation({ behind: 1.3, piece: 0.2 });
    player.run(15);
    const before = player.latency;
    player.run(60);
    expect(Math.abs(player.latency - before)).toBeLessThan(0.15);
    expect(player.stalls + player.seeks).toBe(0);
  });

  it('keeps one segment behind where there are no parts', () => {
    const player = new Simulation({ behind: 5.9, piece: 2 });
    player.run(60);
    expect(player.latency).toBeGreaterThan(2);
    expect(player.latency).toBeLessThan(2.5);
    expect(player.stalls).toBe(0);
  });

  it('stays behind the jitter that it has seen', () => {
    const player = new Simulation({
      behind: 1.5,
      piece: 0.2,
      lateness: (piece) => (piece % 7 === 0 ? 0.3 : 0),
    });
    player.run(60);
    expect(player.stalls).toBe(0);
    expect(player.latency).toBeGreaterThan(0.5);
    expect(player.latency).toBeLessThan(0.85);
  });

  it('plays more slowly until what was nearly used up is there again', () => {
    const late = (piece: number): number => (piece === Math.round(110 / 0.2) ? 0.16 : 0);
    const player = new Simulation({ behind: 0.4, piece: 0.2, lateness: late });
    player.run(11);
    expect(player.rate).toBe(0.95);
    player.run(5);
    expect(player.rate).toBe(1);
    expect(player.stalls).toBe(0);
  });

  it('does not run down what a viewer who comes has, before it knows how arrivals are', () => {
    // Even for a second, and then one piece that is a third of a second late.
    const late = (piece: number): number => (piece === 1006 ? 0.3 : 0);
    const player = new Simulation({ behind: 0.55, piece: 0.1, lateness: late });
    player.run(6);
    expect(player.stalls).toBe(0);
  });

  it('takes no notice of a backlog that comes in one go', () => {
    const control = new LatencyControl();
    const rates: number[] = [];
    // Twelve tenths of a second within 60 ms, and then a tenth every tenth.
    for (let index = 0; index < 12; index++) control.arrived(1 + index * 0.005, 10 + index * 0.1);
    for (let index = 0; index < 20; index++) {
      const now = 1.06 + index * 0.1;
      control.arrived(now + 0.1, 11.2 + index * 0.1);
      rates.push(
        control.update({ now: now + 0.1, position: 10.7 + index * 0.1, bufferedEnd: 11.2 + index * 0.1 })
          .rate,
      );
    }
    expect(new Set(rates)).toEqual(new Set([1, 1.05]));
    expect(rates.slice(0, 5)).toEqual([1, 1, 1, 1, 1]);
  });

  it('shifts gears rarely, and never far', () => {
    let seed = 1;
    const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    const jitter = Array.from({ length: 3000 }, () => random() * 0.06);
    const player = new Simulation(
      { behind: 0.9, piece: 1 / 30, lateness: (piece) => jitter[piece % jitter.length] ?? 0 },
      INSTANT_LATENCY_DEFAULTS,
    );
    let changes = 0;
    let away = 0;
    for (let step = 0; step < 600 / STEP; step++) {
      const before = player.rate;
      player.run(STEP);
      if (player.rate !== before) changes++;
      away += Math.abs(player.rate - 1);
    }
    expect(player.stalls).toBe(0);
    expect(player.latency).toBeLessThan(0.3);
    // In ten minutes.
    expect(changes).toBeLessThanOrEqual(20);
    expect((away * STEP) / 600).toBeLessThan(0.005);
  });

  it('seeks from afar, into what is buffered', () => {
    const player = new Simulation({ behind: 12, piece: 0.2 });
    player.run(5);
    expect(player.seeks).toBe(1);
    expect(player.latency).toBeLessThan(0.6);
    expect(player.stalls).toBe(0);
  });

  it('backs off more at each stall, up to the maximum, and recovers', () => {
    const control = new LatencyControl({ target: 0.1, stallIncrease: 0.2, maxTarget: 1, recoverAfter: 10 });
    const targets = [1, 2, 3, 4].map((now) => {
      control.stalled(now);
      return control.target;
    });
    expect(targets.map((target) => Math.round(target * 10) / 10)).toEqual([0.3, 0.7, 1, 1]);
    for (let now = 4; now < 13.9; now++) control.update({ now, position: now - 1, bufferedEnd: now });
    expect(control.target).toBe(1);
    control.update({ now: 14, position: 13, bufferedEnd: 14 });
    expect(control.target).toBeCloseTo(0.8);
    for (let now = 15; now < 100; now++) control.update({ now, position: now - 1, bufferedEnd: now });
    expect(control.target).toBeCloseTo(0.1);
  });

  it('is at the edge again soon after a backlog came in one go', () => {
    const outage = (piece: number): number => {
      const time = piece * 0.2;
      return time > 110 && time < 120 ? 120 - time + (time - 110) * 0.1 : 0;
    };
    const player = new Simulation({ behind: 0.6, piece: 0.2, lateness: outage });
    player.run(19.9);
    expect(player.latency).toBeGreaterThan(9);
    player.run(3);
    expect(player.latency).toBeLessThan(1.5);
    expect(player.stalls).toBe(1);
  });

  it('comes back to the edge after an outage', () => {
    const outage = (piece: number): number => {
      const time = piece * 0.2;
      return time > 110 && time < 116 ? 116 - time : 0;
    };
    const player = new Simulation({ behind: 0.6, piece: 0.2, lateness: outage });
    player.run(16);
    expect(player.stalls).toBe(1);
    player.run(4);
    expect(player.stalls).toBe(1);
    expect(player.latency).toBeLessThan(0.8);
  });
});
