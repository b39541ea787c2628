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

it('saves up more than its burst where it is told to, once', () => {
  let now = 0;
  const limit = new RateLimit(10, 2, () => now);
  now = 5000;
  limit.grant(5);
  expect(limit.take(70)).toBe(true);
  expect(limit.take(1)).toBe(false);
  now = 60_000;
  expect(limit.take(20)).toBe(true);
  expect(limit.take(1)).toBe(false);
});
