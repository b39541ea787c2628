import type { Browser, BrowserContext, Page } from 'playwright-core';
import { installClockCamera } from './clock-camera.js';

/** Small: half of what a page with a camera costs is to make, to encode and to show its pictures. */
export const CLOCK = { width: 320, height: 180, frameRate: 30 };

/** As small as a phone's: without a graphics card to show a picture costs more than to encode it. */
export const SMALL_VIEWPORT = { width: 400, height: 400 };

/** A page's console errors and exceptions, to be empty at the end of a test. */
export function collectErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    // A playlist that is not there yet is a 404, which Chromium writes to the console whatever the page does.
    if (message.type() === 'error' && !message.text().includes('status of 404')) errors.push(message.text());
  });
  return errors;
}

/** A page whose picture costs little. */
export function openPage(browser: Browser | BrowserContext): Promise<Page> {
  return browser.newPage({ viewport: SMALL_VIEWPORT });
}

/** The broadcast page with a camera that shows the time. */
export async function openBroadcaster(
  browser: Browser | BrowserContext,
  url: string,
  streamId: string,
): Promise<Page> {
  const page = await openPage(browser);
  await page.addInitScript(installClockCamera, CLOCK);
  await page.goto(`${url}/demo/broadcast.html?stream=${streamId}`);
  return page;
}

/** The watch page. */
export async function openViewer(
  browser: Browser | BrowserContext,
  url: string,
  streamId: string,
): Promise<Page> {
  const page = await openPage(browser);
  await page.goto(`${url}/demo/watch.html?stream=${streamId}`);
  return page;
}

/** Presses Go live and waits until the broadcaster says that it is live. */
export async function goLive(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Go live' }).click();
  await page.locator('live-broadcaster').getByText('LIVE', { exact: true }).waitFor();
}

/** Waits until the page's player shows moving pictures. */
export async function isPlaying(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const video = document.querySelector('live-player')?.shadowRoot?.querySelector('video');
    return video !== null && video !== undefined && video.currentTime > 0.5 && !video.paused;
  });
}

/** Counts from now on how often a page's player loses its picture. */
export async function countEmptied(page: Page): Promise<void> {
  await page.evaluate(() => {
    const watch = { emptied: 0 };
    Object.assign(globalThis, { watch });
    const video = document.querySelector('live-player')!.shadowRoot!.querySelector('video')!;
    video.addEventListener('emptied', () => (watch.emptied += 1));
  });
}

/**
 * How often the picture was taken away since {@link countEmptied}.
 * @throws Error where the page is another one by now
 */
export function timesEmptied(page: Page): Promise<number> {
  return page.evaluate(() => (globalThis as unknown as { watch: { emptied: number } }).watch.emptied);
}

/** Longest that a player may stand still, milliseconds. */
const STANDSTILL = 45_000;

/**
 * Resolves when a page's player has shown moving pictures for half a second: how long that took from now, ms.
 * @throws Error that says how the player is, when it does not
 */
export async function playsOn(page: Page): Promise<number> {
  return page.evaluate(async (longest) => {
    const player = document.querySelector('live-player')!;
    const video = player.shadowRoot!.querySelector('video')!;
    const since = performance.now();
    for (;;) {
      const [time, position] = [performance.now(), video.currentTime];
      await new Promise((resolve) => setTimeout(resolve, 500));
      const moved = video.currentTime - position;
      // A seek is no picture that moves.
      if (moved > 0.3 && moved < 1 && !video.seeking) return time - since;
      if (time - since < longest) continue;
      const { currentTime, readyState, paused, seeking, playbackRate, buffered } = video;
      const ranges = Array.from({ length: buffered.length }, (_, at) => [
        buffered.start(at),
        buffered.end(at),
      ]);
      const state = {
        currentTime,
        readyState,
        paused,
        seeking,
        playbackRate,
        ranges,
        is: player.getAttribute('state'),
      };
      throw new Error(`the player does not play: ${JSON.stringify(state)}`);
    }
  }, STANDSTILL);
}
