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

  it('keep those that are used, and no more than they may', () => {
    const { passes, add } = setUp(2);
    add('one', 500);
    add('two', 500);
    passes.get('one', 'a');
    add('three', 500);
    expect(passes.get('one', 'a')).toBeDefined();
    expect(passes.get('two', 'a', 'expired too')).toBeUndefined();
  });

  it('keep one that has expired and is played with, since a newer one goes on for it', () => {
    const { passes, add, at } = setUp(3);
    add('in a native player', 50);
    for (let count = 1; count < 20; count++) {
      const token = `token ${count}`;
      add(token, 50 + count * 10);
      passes.join('in a native player', token);
      at(45 + count * 10);
      expect(passes.get('in a native player', 'a')).toBeDefined();
    }
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
