import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { whenOver, type Admission } from '../../../server/routes/playback-gate.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const admissionFor = (time: number): Admission => {
  const end = Date.now() + time;
  return { token: undefined, ends: () => end };
};

it('who is still let in when asked again goes on, and who is not is over', async () => {
  const onOver = vi.fn();
  const admit = vi.fn(() => Promise.resolve(admissionFor(10_000)));
  whenOver(admissionFor(10_000), admit, onOver);
  await vi.advanceTimersByTimeAsync(35_000);
  expect(admit).toHaveBeenCalledTimes(3);
  expect(onOver).not.toHaveBeenCalled();
  admit.mockRejectedValue(new Error('not any more'));
  await vi.advanceTimersByTimeAsync(5000);
  expect(onOver).toHaveBeenCalledOnce();
});

it('is not asked all the time where a right lasts none', async () => {
  const admit = vi.fn(() => Promise.resolve(admissionFor(0)));
  const forget = whenOver(admissionFor(0), admit, () => {});
  await vi.advanceTimersByTimeAsync(10_500);
  expect(admit).toHaveBeenCalledTimes(11);
  forget();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(admit).toHaveBeenCalledTimes(11);
});

it('a right that was taken away before its time is noticed, and one without end asked for once', async () => {
  let end = Date.now() + 3_600_000;
  const onOver = vi.fn();
  whenOver({ token: 't', ends: () => end }, () => Promise.reject(new Error('revoked')), onOver);
  const admit = vi.fn(() => Promise.resolve(admissionFor(0)));
  whenOver({ token: 't', ends: () => Infinity }, admit, onOver);
  end = 0;
  await vi.advanceTimersByTimeAsync(5000);
  expect(onOver).toHaveBeenCalledOnce();
  expect(admit).not.toHaveBeenCalled();
});
