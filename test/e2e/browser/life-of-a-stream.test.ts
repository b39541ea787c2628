import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { CliServer } from '../../helpers/cli-server.js';
import { goLive, isPlaying, openBroadcaster, openPage, openViewer } from '../../helpers/pages.js';
import { useServerAndBrowser } from '../../helpers/server-and-browser.js';

const shared = useServerAndBrowser(() => CliServer.start());

const player = (page: Page) => page.locator('live-player');
const broadcasterOf = (page: Page) => page.locator('live-broadcaster');

it('waits, counts viewers as they come and go, ends, and begins again by itself', async () => {
  const { server, browser } = shared;
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

it('embeds the player alone', async () => {
  const { server, browser } = shared;
  const broadcaster = await openBroadcaster(browser, server.url, 'embedded');
  await goLive(broadcaster);
  const page = await openPage(browser);
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
