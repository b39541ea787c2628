import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { CliServer } from '../../helpers/cli-server.js';
import { readClock } from '../../helpers/clock-camera.js';
import { goLive, isPlaying, openBroadcaster, openViewer } from '../../helpers/pages.js';

let server: CliServer;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([CliServer.start(), launchChromium()]);
});
afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
afterAll(() => Promise.all([browser?.close(), server?.stop()]));

const player = (page: Page) => page.locator('live-player');
const broadcasterOf = (page: Page) => page.locator('live-broadcaster');

it('waits, counts viewers as they come and go, ends, and begins again by itself', async () => {
  const first = await openViewer(browser, server.url, 'life');
  await player(first).locator('.title', { hasText: 'Waiting for the stream to start' }).waitFor();
  const broadcaster = await openBroadcaster(browser, server.url, 'life');
  await goLive(broadcaster);
  await isPlaying(first);
  const count = broadcasterOf(broadcaster).locator('[part~="viewers"]');
  await expect.poll(() => count.innerText()).toContain('1');

  const second = await openViewer(browser, server.url, 'life');
  await isPlaying(second);
  await expect.poll(() => count.innerText()).toContain('2');
  await second.close();
  await expect.poll(() => count.innerText()).toContain('1');

  await stop(broadcaster);
  await player(first).locator('.title', { hasText: /ended/i }).waitFor();

  await goLive(broadcaster);
  await isPlaying(first);
});

// Whatever else a machine does can only add stalls: one reading without any shows that none is ours.
it(
  'never interrupts the viewer while sources are switched and the microphone is muted',
  { retry: 2 },
  async () => {
    const streamId = `switching-${Date.now()}`;
    const viewer = await openViewer(browser, server.url, streamId);
    const broadcaster = await openBroadcaster(browser, server.url, streamId);
    await goLive(broadcaster);
    await isPlaying(viewer);
    const reading = viewer.evaluate(readClock, { selector: 'video', seconds: 12 });

    const control = (name: string) => broadcasterOf(broadcaster).getByRole('button', { name, exact: true });
    const settle = () => viewer.waitForTimeout(1500);
    await settle();
    for (const name of [
      ...['Share screen', 'Turn off camera', 'Turn on camera', 'Stop sharing screen'],
      ...['Turn off microphone', 'Turn on microphone'],
    ]) {
      await control(name).click();
      await settle();
    }

    const { stalls, longestGap, backwards } = await reading;
    expect(stalls).toBe(0);
    expect(backwards).toBe(0);
    expect(longestGap).toBeLessThan(1000);
  },
);

it('embeds the player alone', async () => {
  const broadcaster = await openBroadcaster(browser, server.url, 'embedded');
  await goLive(broadcaster);
  const page = await browser.newPage();
  await page.setContent(
    `<iframe src="${server.url}/embed/embedded" sandbox="allow-scripts" width="640" height="360"></iframe>`,
  );
  const frame = page.frameLocator('iframe');
  await expect
    .poll(() => frame.locator('live-player video').evaluate((video: HTMLVideoElement) => video.currentTime), {
      timeout: 15_000,
    })
    .toBeGreaterThan(0.5);
});

async function stop(page: Page): Promise<void> {
  await broadcasterOf(page).getByRole('button', { name: 'Stop', exact: true }).click();
  await broadcasterOf(page).getByRole('button', { name: 'End stream' }).click();
}
