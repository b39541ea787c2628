import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PlaybackGate, type Admission } from '../../../server/routes/playback-gate.js';
import { accessOf } from '../access/access-of.js';

let gate: PlaybackGate;

beforeEach(() => {
  vi.useFakeTimers();
  gate = new PlaybackGate(accessOf());
});
afterEach(() => void vi.useRealTimers());

const admissionFor = (time: number): Admission => {
  const end = Date.now() + time;
  return { token: undefined, ends: () => end };
};

it('who is still let in when asked again goes on, and who is not is over', async () => {
  const onOver = vi.fn();
  const admit = vi.fn(() => Promise.resolve(admissionFor(10_000)));
  gate.whenOver(admissionFor(10_000), admit, onOver);
  await vi.advanceTimersByTimeAsync(35_000);
  expect(admit).toHaveBeenCalledTimes(3);
  expect(onOver).not.toHaveBeenCalled();
  admit.mockRejectedValue(new Error('not any more'));
  await vi.advanceTimersByTimeAsync(5000);
  expect(onOver).toHaveBeenCalledOnce();
});

it('is not asked all the time where a right lasts none', async () => {
  const admit = vi.fn(() => Promise.resolve(admissionFor(0)));
  const forget = gate.whenOver(admissionFor(0), admit, () => {});
  await vi.advanceTimersByTimeAsync(10_500);
  expect(admit).toHaveBeenCalledTimes(10);
  forget();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(admit).toHaveBeenCalledTimes(10);
});

it('a right that was taken away before its time is noticed, and one without end asked for once', async () => {
  let end = Date.now() + 3_600_000;
  const onOver = vi.fn();
  gate.whenOver({ token: 't', ends: () => end }, () => Promise.reject(new Error('revoked')), onOver);
  const admit = vi.fn(() => Promise.resolve(admissionFor(0)));
  gate.whenOver({ token: 't', ends: () => Infinity }, admit, onOver);
  end = 0;
  await vi.advanceTimersByTimeAsync(1000);
  expect(onOver).toHaveBeenCalledOnce();
  expect(admit).not.toHaveBeenCalled();
});

it('has one timer for all that it watches, and none for nobody', () => {
  const forget = [1, 2, 3].map((minutes) =>
    gate.whenOver(
      admissionFor(minutes * 60_000),
      () => Promise.reject(new Error('over')),
      () => {},
    ),
  );
  expect(vi.getTimerCount()).toBe(1);
  for (const each of forget) each();
  expect(vi.getTimerCount()).toBe(0);
});
