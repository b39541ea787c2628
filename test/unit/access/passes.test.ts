import { describe, expect, it } from 'vitest';
import { Passes } from '../../../server/access/passes.js';

function setUp(most = 10) {
  let now = 0;
  const passes = new Passes(most, () => now);
  const add = (token: string, until: number, streamId = 'a') =>
    passes.add(token, { streamId, key: undefined, until });
  return { passes, add, at: (time: number) => (now = time) };
}

describe('Passes', () => {
  it('are for one stream, until they end', () => {
    const { passes, add, at } = setUp();
    add('one', 100);
    at(99);
    expect(passes.get('one', 'a')).toBeDefined();
    expect(passes.get('one', 'b')).toBeUndefined();
    at(100);
    expect(passes.get('one', 'a')).toBeUndefined();
  });

  it('go on with the newest token of the same viewer, all of them', () => {
    const { passes, add, at } = setUp();
    const [first, second] = [add('one', 100), add('two', 200)];
    passes.join('one', 'two');
    expect(first.ends()).toBe(200);
    at(150);
    add('three', 300);
    passes.join('one', 'three');
    expect([first.ends(), second.ends()]).toEqual([300, 300]);
    at(299);
    for (const token of ['one', 'two', 'three']) expect(passes.get(token, 'a')).toBeDefined();
  });

  it('keep those that end last, and no more than they may', () => {
    const { passes, add, at } = setUp(2);
    add('one', 50);
    add('two', 500);
    at(60);
    add('three', 500);
    expect(passes.get('one', 'a', 'expired too')).toBeUndefined();
    expect(passes.get('two', 'a')).toBeDefined();
    add('four', 500);
    expect(passes.get('two', 'a')).toBeUndefined();
  });

  it('end with their key, in responses under way too', () => {
    const { passes } = setUp();
    const key = { id: 'k', hash: 'h' };
    const pass = passes.add('one', { streamId: 'a', key, until: 100 });
    passes.keep((grant) => grant.key !== key);
    expect(passes.get('one', 'a')).toBeUndefined();
    expect(pass.ends()).toBe(0);
  });
});
