import { expect, it } from 'vitest';
import { RateLimit } from '../../../server/ingest/rate-limit.js';

it('allows a burst and then its rate', () => {
  let now = 0;
  const limit = new RateLimit(10, 2, () => now);
  for (let index = 0; index < 20; index++) expect(limit.take(1)).toBe(true);
  expect(limit.take(1)).toBe(false);
  now = 100;
  expect(limit.take(1)).toBe(true);
  expect(limit.take(1)).toBe(false);
});

it('saves up no more than its burst', () => {
  let now = 0;
  const limit = new RateLimit(10, 2, () => now);
  now = 1_000_000;
  expect(limit.take(20)).toBe(true);
  expect(limit.take(1)).toBe(false);
});
