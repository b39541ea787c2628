import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { CliServer } from '../../helpers/cli-server.js';
import { FaultyProxy } from '../../helpers/faulty-proxy.js';
import { generateFrames, repeatFrames, sendFramesInRealTime } from '../../helpers/frames.js';
import { countEmptied, isPlaying, openPage, playsOn, timesEmptied } from '../../helpers/pages.js';
import { Publisher } from '../../helpers/publisher.js';

let server: CliServer;
let browser: Browser;
const end = new AbortController();

beforeAll(async () => {
  const [media] = await Promise.all([
    generateFrames({ video: 'h264', audio: 'opus', seconds: 4 }),
    CliServer.start().then((started) => (server = started)),
    launchChromium().then((launched) => (browser = launched)),
  ]);
  const publisher = await Publisher.start(server.socketUrl, 'steady', { format: media.format });
  void sendFramesInRealTime(publisher, repeatFrames(media), end.signal);
});
afterAll(async () => {
  end.abort();
  await Promise.all([browser?.close(), server?.stop()]);
});

const cut = (seconds: number) => (proxy: FaultyProxy) => proxy.outage(seconds * 1000);
const silence = (seconds: number) => async (proxy: FaultyProxy) => {
  proxy.stall();
  await sleep(seconds * 1000);
  proxy.unstall();
};

/** What the window of the server holds is over after ten seconds: a viewer has to go on somewhere else then. */
const faults = {
  low: { 'cut of 1 s': cut(1), 'cut of 20 s': cut(20) },
  instant: { 'cut of 1 s': cut(1), 'silence of 5 s': silence(5), 'cut of 5 s': cut(5) },
};

/** A page of its own behind a network of its own, and what its element has been through from now on. */
async function openViewer(latency: string): Promise<{ page: Page; proxy: FaultyProxy }> {
  const proxy = await FaultyProxy.start(server.url);
  const page = await openPage(browser);
  await page.goto(`${proxy.url}/demo/watch.html?stream=steady`);
  await page.locator('live-player').evaluate((player, to) => player.setAttribute('latency', to), latency);
  await isPlaying(page);
  await countEmptied(page);
  return { page, proxy };
}

it.concurrent.each(['low', 'instant'] as const)(
  'a viewer plays on by itself when the network is back: %s',
  async (latency) => {
    // A viewer each: three stalls within 20 s, and `instant` goes over to the playlist, which takes the picture away.
    for (const [name, happen] of Object.entries(faults[latency])) {
      const { page, proxy } = await openViewer(latency);
      await happen(proxy);
      // The last picture stands meanwhile.
      expect(await timesEmptied(page), name).toBe(0);
      const took = await playsOn(page);
      console.info(`${latency}, ${name}: plays ${Math.round(took)} ms after the network`);
      expect(took, name).toBeLessThan(10_000);
      await Promise.all([page.close(), proxy.close()]);
    }
  },
);
