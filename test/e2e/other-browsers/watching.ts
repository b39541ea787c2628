import { expect } from 'vitest';
import { percentile, readClock, type ClockReading } from '../../helpers/clock-camera.js';

/** What the drivers of all browsers have in common. */
export interface BrowserPage {
  evaluate<Argument, Result>(
    body: (argument: Argument) => Result,
    argument: Argument,
  ): Promise<Awaited<Result>>;
}

/** Media seconds that are played before anything is measured: the first ones bring the player to the live edge. */
const SETTLE = 3;

const SECONDS = 6;

/** Waits until the page's player has settled at the live edge, and reads the time off its frames. */
export async function watchLive(page: BrowserPage): Promise<ClockReading> {
  await page.evaluate(reachState, 'live');
  await page.evaluate(reachTime, SETTLE);
  const before = await page.evaluate(currentTime, undefined);
  const reading = await page.evaluate(readClock, { selector: 'video', seconds: SECONDS });
  const played = (await page.evaluate(currentTime, undefined)) - before;
  expect(played).toBeGreaterThan(SECONDS / 2);
  // It is live all the time, not only when it was asked.
  await page.evaluate(reachState, 'live');
  return reading;
}

/** What holds for every viewer, with a margin that a busy machine needs. */
export function expectNearLive({ latencies, unreadable, backwards }: ClockReading): void {
  expect(latencies.length).toBeGreaterThan(SECONDS * 5);
  expect(unreadable).toBeLessThan(latencies.length / 20);
  expect(backwards).toBe(0);
  expect(percentile(latencies, 50)).toBeLessThan(3000);
}

/** One line for the log. */
export function summary({ latencies, unreadable, longestGap, stalls }: ClockReading): string {
  const [p50, p95] = [percentile(latencies, 50), percentile(latencies, 95)];
  const frames = `${latencies.length} frames, ${unreadable} unreadable, longest gap ${Math.round(longestGap)} ms`;
  return `glass to glass p50 ${p50} ms, p95 ${p95} ms; ${frames}, ${stalls} stalls`;
}

/** In a page: resolves when its player is in a state. */
export async function reachState(state: string): Promise<void> {
  const player = document.querySelector('live-player')!;
  await customElements.whenDefined('live-player');
  const deadline = AbortSignal.timeout(20_000);
  while (player.state !== state) {
    await new Promise<void>((resolve, reject) => {
      player.addEventListener('live-state', () => resolve(), { once: true });
      const { message } = player.error ?? {};
      const complain = () => {
        const { currentTime, paused, ended, readyState, buffered } =
          player.shadowRoot!.querySelector('video')!;
        const to = buffered.length > 0 ? buffered.end(buffered.length - 1) : undefined;
        const picture = `at ${currentTime} s of ${to}, paused: ${paused}, ended: ${ended}, readyState: ${readyState}`;
        reject(new Error(`it is ${player.state}, not ${state}; error: ${message}; picture ${picture}`));
      };
      deadline.addEventListener('abort', complain);
    });
  }
}

/** In a page: resolves when its player has played up to a time, seconds. */
function reachTime(time: number): Promise<void> {
  const video = document.querySelector('live-player')!.shadowRoot!.querySelector('video')!;
  return new Promise((resolve, reject) => {
    const complain = () => {
      const { currentTime, paused, readyState } = video;
      reject(new Error(`it stands at ${currentTime} s (paused: ${paused}, readyState: ${readyState})`));
    };
    const timer = setTimeout(complain, 20_000);
    video.addEventListener('timeupdate', () => {
      if (video.currentTime < time) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

/** In a page. */
function currentTime(): number {
  return document.querySelector('live-player')!.shadowRoot!.querySelector('video')!.currentTime;
}
