import { expect, it } from 'vitest';
import { Joins } from '../../../widget/media/joins.js';

it('tells with each newer token which one the player has in its addresses', () => {
  const joins = new Joins();
  joins.add('a');
  const join = (token?: string) => joins.message('a', token);
  expect(join()).toEqual({ type: 'join-stream', streamId: 'a' });
  expect(join('one')).toEqual({ type: 'join-stream', streamId: 'a', token: 'one' });
  expect(join('one')).toEqual({ type: 'join-stream', streamId: 'a', token: 'one' });
  expect(join('two')).toMatchObject({ token: 'two', renews: 'one' });
  expect(join('three')).toMatchObject({ token: 'three', renews: 'one' });
  joins.delete('a');
  joins.add('a');
  expect(join('four')).not.toHaveProperty('renews');
});

it('renews the token that the player began with, though it was joined later, and that of its next beginning', () => {
  const joins = new Joins();
  joins.add('a');
  joins.loaded('a', 'one');
  joins.loaded('b', 'other');
  expect(joins.message('a', 'two')).toMatchObject({ token: 'two', renews: 'one' });
  joins.loaded('a', 'two');
  expect(joins.message('a', 'two')).not.toHaveProperty('renews');
  expect(joins.message('a', 'three')).toMatchObject({ token: 'three', renews: 'two' });
  joins.loaded('a', undefined);
  expect(joins.message('a', 'four')).toMatchObject({ renews: 'two' });
  expect([...joins]).toEqual(['a']);
});
