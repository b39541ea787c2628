import { expect, it } from 'vitest';
import { ffmpeg } from '../../fuzz/targets/ffmpeg.js';
import { fuzz } from '../../fuzz/run.js';

it('a short run of the fuzzer finds nothing in containers through a real ffmpeg', async () => {
  const { cases, failure } = await fuzz(ffmpeg, { seed: 20_300_101, runs: 5 });
  expect(failure).toBeUndefined();
  expect(cases).toBe(5);
});
