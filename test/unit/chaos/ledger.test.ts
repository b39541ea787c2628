import { describe, expect, it } from 'vitest';
import { Ledger } from '../../chaos/ledger.js';

/** A ledger of samples whose digests are their numbers, encoded a second apart. */
function ledgerOf(count: number): Ledger {
  const ledger = new Ledger();
  for (let digest = 0; digest < count; digest++) ledger.encode({ digest, at: digest * 1000 });
  return ledger;
}

const counts = (ledger: Ledger, until?: number): object => {
  const { lost, repeated, altered } = ledger.balance(until);
  return { lost, repeated, altered };
};

describe('Ledger', () => {
  it('finds nothing wrong where all that follows the first is seen once and in order', () => {
    const ledger = ledgerOf(6);
    ledger.see({ digests: [2, 3], at: 3500 });
    ledger.see({ digests: [4, 5], at: 5100 });
    expect(ledger.balance(6000)).toEqual({ lost: 0, repeated: 0, altered: 0, delays: [500, 100] });
  });

  it('counts what was passed over, and what never came', () => {
    const ledger = ledgerOf(10);
    ledger.see({ digests: [0, 1, 4], at: 0 });
    expect(counts(ledger)).toEqual({ lost: 2, repeated: 0, altered: 0 });
    expect(counts(ledger, 8000)).toEqual({ lost: 3, repeated: 0, altered: 0 });
    ledger.see({ digests: [8, 9], at: 0 });
    expect(counts(ledger, 20_000)).toEqual({ lost: 0, repeated: 0, altered: 0 });
  });

  it('counts what came twice, too late, or as nobody encoded it', () => {
    const ledger = ledgerOf(5);
    ledger.see({ digests: [0, 1, 1, 2, 0, 99, 3], at: 0 });
    expect(counts(ledger)).toEqual({ lost: 0, repeated: 2, altered: 1 });
  });

  it('compares nothing that came before it is known what was encoded', () => {
    const ledger = ledgerOf(2);
    ledger.knownUntil = 2000;
    ledger.see({ digests: [0, 1], at: 1500 });
    ledger.see({ digests: [2], at: 2500 });
    expect(counts(ledger)).toEqual({ lost: 0, repeated: 0, altered: 0 });
    ledger.encode({ digest: 2, at: 2000 });
    ledger.knownUntil = 3000;
    expect(ledger.isPast(2400)).toBe(true);
    expect(counts(ledger)).toEqual({ lost: 0, repeated: 0, altered: 0 });
  });

  it('takes samples that are alike for the ones whose turn it is', () => {
    const ledger = new Ledger();
    for (let at = 0; at < 4; at++) ledger.encode({ digest: 7, at });
    ledger.see({ digests: [7, 7, 7, 7], at: 9 });
    expect(counts(ledger, 10)).toEqual({ lost: 0, repeated: 0, altered: 0 });
  });

  it('takes samples that are alike for repeated ones where the repetition has them', () => {
    const ledger = new Ledger();
    for (const digest of [0, 7, 1, 2, 3, 7, 4]) ledger.encode({ digest, at: 0 });
    ledger.see({ digests: [0, 7, 1, 0, 7, 1, 2, 3, 7, 4], at: 9 });
    expect(counts(ledger, 10)).toEqual({ lost: 0, repeated: 3, altered: 0 });
  });

  it('compares when it is asked: samples may be seen before it is known that they were encoded', () => {
    const ledger = new Ledger();
    ledger.see({ digests: [1], at: 50 });
    ledger.encode({ digest: 1, at: 40 });
    ledger.encode({ digest: 2, at: 60 });
    expect(ledger.isPast(40)).toBe(true);
    expect(ledger.isPast(60.5)).toBe(false);
    expect(ledger.firstSeen(40)).toBe(50);
    expect(ledger.firstSeen(41)).toBeUndefined();
  });

  it('tells what was seen before a time from what came later', () => {
    const ledger = ledgerOf(4);
    ledger.see({ digests: [0, 1], at: 1500 });
    ledger.see({ digests: [2, 3], at: 3500 });
    expect(ledger.firstSeen(1000)).toBe(1500);
    expect(ledger.firstSeen(1000, 1501)).toBe(3500);
    expect(ledger.firstSeen(1000, 3501)).toBeUndefined();
  });

  it('forgets one of those that are alike, and not the others', () => {
    const ledger = new Ledger();
    const digest = (at: number): number => (at % 100 === 0 ? -1 : at);
    for (let at = 0; at < 40_000; at++) {
      ledger.encode({ digest: digest(at), at });
      // Viewers are behind: some that are alike were seen, and some were not.
      if (at >= 5000) ledger.see({ digests: [digest(at - 5000)], at });
    }
    expect(counts(ledger)).toEqual({ lost: 0, repeated: 0, altered: 0 });
  });

  it('forgets what is long past, and goes on', () => {
    const ledger = new Ledger();
    for (let digest = 0; digest < 50_000; digest++) {
      ledger.encode({ digest, at: digest });
      if (digest !== 30_000) ledger.see({ digests: [digest], at: digest });
    }
    expect(ledger.encodedCount).toBe(50_000);
    expect(counts(ledger, 50_000)).toEqual({ lost: 1, repeated: 0, altered: 0 });
  });
});
