import { expect, it } from 'vitest';
import { MessageMap } from '../../../server/ingest/message-map.js';

it('tells which message a byte of the file is in, and forgets those before it', () => {
  const map = new MessageMap();
  for (const bytes of [10, 0, 5, 20]) map.add(bytes);
  expect(map.locate(9)).toEqual({ message: 0, offset: 9 });
  // An empty one has no byte.
  expect(map.locate(10)).toEqual({ message: 2, offset: 0 });
  expect(map.locate(34)).toEqual({ message: 3, offset: 19 });
  expect(map.locate(9)).toBeUndefined();
});

it('counts from where the first message lies in the file', () => {
  // Of 30 bytes that are not read again a header of 10 takes the place.
  const map = new MessageMap(-20);
  map.add(50);
  map.add(5);
  expect(map.locate(10)).toEqual({ message: 0, offset: 30 });
  expect(map.locate(30)).toEqual({ message: 1, offset: 0 });
});

it('remembers ten thousand messages where nobody asks', () => {
  const map = new MessageMap();
  for (let count = 0; count < 10_500; count++) map.add(1);
  expect(map.locate(499)).toBeUndefined();
  expect(map.locate(500)).toEqual({ message: 500, offset: 0 });
});
