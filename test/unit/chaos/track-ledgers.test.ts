import { expect, it } from 'vitest';
import { TrackLedgers } from '../../chaos/track-ledgers.js';

const NOTHING = { lost: 0, repeated: 0, altered: 0 };

it('counts the sound that viewers did not get, with all pictures there', () => {
  const ledgers = new TrackLedgers(true);
  for (let digest = 0; digest < 4; digest++) {
    ledgers.encode('video', { digest, at: digest });
    ledgers.encode('audio', { digest, at: digest });
  }
  ledgers.see('video', { digests: [0, 1, 2, 3], at: 4 });
  ledgers.see('audio', { digests: [0, 3], at: 4 });
  expect(ledgers.isPast(3)).toBe(true);
  expect(ledgers.balance(4)).toEqual({ ...NOTHING, lost: 2, delays: [1] });
});

it('waits for the last sound', () => {
  const ledgers = new TrackLedgers(true);
  ledgers.encode('video', { digest: 0, at: 0 });
  ledgers.encode('audio', { digest: 0, at: 0 });
  ledgers.encode('audio', { digest: 1, at: 1 });
  ledgers.see('video', { digests: [0], at: 2 });
  ledgers.see('audio', { digests: [0], at: 2 });
  expect(ledgers.isPast(2)).toBe(false);
  ledgers.see('audio', { digests: [1], at: 2 });
  expect(ledgers.isPast(2)).toBe(true);
});

it('compares pictures alone where the sound is encoded anew', () => {
  const ledgers = new TrackLedgers(false);
  ledgers.encode('video', { digest: 0, at: 0 });
  ledgers.see('video', { digests: [0], at: 1 });
  ledgers.see('audio', { digests: [7], at: 1 });
  expect(ledgers.isPast(1)).toBe(true);
  expect(ledgers.balance(1)).toEqual({ ...NOTHING, delays: [1] });
});
