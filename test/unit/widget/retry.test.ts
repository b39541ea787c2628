import { describe, expect, it } from 'vitest';
import { Retry } from '../../../widget/media/retry.js';

const always = (value: number) => () => value;

describe('Retry', () => {
  it('doubles the limit of the wait up to the maximum', () => {
    const retry = new Retry({ initialDelay: 0.5, maxDelay: 3 }, always(1));
    expect([retry.next(), retry.next(), retry.next(), retry.next(), retry.next()]).toEqual([0.5, 1, 2, 3, 3]);
  });

  it('waits a random share of the limit, down to nothing', () => {
    expect(new Retry({ initialDelay: 1 }, always(0.25)).next()).toBe(0.25);
    expect(new Retry({ initialDelay: 1 }, always(0)).next()).toBe(0);
  });

  it('starts again with a short wait after a success', () => {
    const retry = new Retry({ initialDelay: 1, maxDelay: 100 }, always(1));
    retry.next();
    retry.next();
    retry.reset();
    expect(retry.next()).toBe(1);
    expect(retry.next()).toBe(2);
  });

  it('gives up after the last attempt', () => {
    const retry = new Retry({ maxAttempts: 3 }, always(1));
    expect([retry.next(), retry.next(), retry.next()]).toEqual([0.25, 0.5, undefined]);
  });

  it('stays at the maximum however long it goes on', () => {
    const retry = new Retry({}, always(1));
    let last: number | undefined;
    for (let attempt = 0; attempt < 5000; attempt++) last = retry.next();
    expect(last).toBe(3);
  });
});
