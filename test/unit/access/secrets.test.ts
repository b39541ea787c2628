import { expect, it } from 'vitest';
import { isOneOf, sha256 } from '../../../server/access/secrets.js';
import { sameText } from '../../../server/ingest/resume-token.js';

/** A text that counts how many of its characters were looked at. */
function watched(text: string): { text: string; readonly reads: number } {
  let reads = 0;
  const charCodeAt = (index: number): number => {
    reads++;
    return text.charCodeAt(index);
  };
  const fake = { length: text.length, charCodeAt } as unknown as string;
  return {
    text: fake,
    get reads() {
      return reads;
    },
  };
}

it.each([
  ['the same', 'secret', true],
  ['another from the first character on', 'Xecret', false],
  ['another at the last one', 'secreX', false],
  ['shorter', 'secre', false],
  ['longer', 'secrets', false],
  ['nothing', '', false],
])('all of a secret is looked at, where what is given is %s', (_, given, isSame) => {
  const secret = watched('secret');
  expect(sameText(secret.text, given)).toBe(isSame);
  expect(secret.reads).toBe(6);
});

it('all digests are looked at, wherever the one is that is meant', async () => {
  const digests = await Promise.all(['one', 'two', 'three'].map(sha256));
  for (const [given, isKnown] of [
    ['one', true],
    ['three', true],
    ['four', false],
  ] as const) {
    const all = digests.map(watched);
    expect(await isOneOf(given, Promise.resolve(all.map(({ text }) => text)))).toBe(isKnown);
    expect(all.map(({ reads }) => reads)).toEqual([64, 64, 64]);
  }
});
