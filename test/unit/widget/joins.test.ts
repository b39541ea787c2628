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
