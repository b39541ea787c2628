import type { Browser } from 'playwright-core';
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

    const control = (name: string) =>
      broadcaster.locator('live-broadcaster').getByRole('button', { name, exact: true });
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
