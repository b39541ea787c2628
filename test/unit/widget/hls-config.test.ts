import { expect, it } from 'vitest';
import { HLS_CONFIG } from '../../../widget/media/hls-config.js';

const { errorRetry } = HLS_CONFIG.fragLoadPolicy!.default;
const asksAgain = (code: number, count = 0): boolean =>
  errorRetry!.shouldRetry!(errorRetry, count, false, { url: '', code }, false);

it.each([
  ['where the server is away', 0, true],
  ['where a gateway has lost it', 502, true],
  ['not for what has left the window', 404, false],
  ['not where it is refused', 403, false],
])('asks for media again %s', (_name, code, expected) => {
  expect(asksAgain(code)).toBe(expected);
});

it('does so soon, and not for ever', () => {
  expect(errorRetry!.maxRetryDelayMs).toBeLessThanOrEqual(500);
  expect(asksAgain(0, errorRetry!.maxNumRetry)).toBe(false);
});
