import { expect, it } from 'vitest';
import { cleanAvcC } from '../../../widget/media/avcc.js';

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));

it('leaves Chromium’s as it is', () => {
  const chromium = bytesOf('AULAH//hABJnQsAfjI1AKALdNQYGBgeEQjUBAARozjyA');
  expect(cleanAvcC(chromium)).toBe(chromium);
});

it('takes the doubled bytes out of Firefox’s', () => {
  const firefox = bytesOf('AULAHwMBABhnZ0LAH9kAUAW6EAAAAwAQAehIAPGDJIABAAVoaMuMsg==');
  const clean = Buffer.from(cleanAvcC(firefox)).toString('hex');
  expect(clean).toBe(
    '0142c01fff' + 'e10017' + '6742c01fd9005005ba1000000300100' + '1e84800f18324800100' + '0468cb8cb2',
  );
});

it('survives garbage', () => {
  for (const length of [0, 1, 7, 11]) expect(cleanAvcC(new Uint8Array(length))).toHaveLength(length);
});
