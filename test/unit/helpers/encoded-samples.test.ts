import { expect, it } from 'vitest';
import { compareSamples, noDifference } from '../../helpers/encoded-samples.js';

const encoded = { video: ['a', 'b', 'b', 'c'], audio: ['x', 'y'] };

it('finds nothing where all is served once, in order', () => {
  expect(compareSamples(encoded, encoded)).toEqual(noDifference(6));
});

it.each([
  [
    'lost',
    { video: ['a', 'b', 'c'], audio: ['x'] },
    { lost: 2, doubled: 0, isInOrder: true, where: ['video 2 of 4', 'audio 1 of 2'] },
  ],
  ['doubled', { video: ['a', 'a', 'b', 'b', 'c'], audio: ['x', 'y'] }, { doubled: 1, isInOrder: false }],
  ['out of order', { video: ['a', 'c', 'b', 'b'], audio: ['x', 'y'] }, { lost: 0, isInOrder: false }],
  ['changed', { video: ['a', 'b', 'b', 'C'], audio: ['x', 'y'] }, { lost: 1, doubled: 1, isInOrder: false }],
])('finds what is %s', (_name, served, difference) => {
  expect(compareSamples(encoded, served)).toMatchObject(difference);
});
