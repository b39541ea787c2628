import { expect, it } from 'vitest';
import { positive } from '../../../widget/media/positive.js';

it.each([
  [30, 30],
  [0.5, 0.5],
  [Infinity, Infinity],
  [0, undefined],
  [-1, undefined],
  [NaN, undefined],
  [null, undefined],
  [undefined, undefined],
  ['30', undefined],
])('takes %j for %j', (value, expected) => {
  expect(positive(value as number)).toBe(expected);
});
