import type { Browser } from 'playwright-core';
import type { Browser as Firefox, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { CliServer } from '../../helpers/cli-server.js';
import { installClockCamera, percentile } from '../../helpers/clock-camera.js';
import { collectFirefoxErrors, firefoxPath, launchFirefox } from '../../helpers/firefox.js';
import { CLOCK, goLive, openBroadcaster, openViewer } from '../../helpers/pages.js';
import { watchChange } from './changing.js';
import { ClockStream } from './clock-stream.js';
import { expectNearLive, reachState, summary, watchLive, type BrowserPage } from './watching.js';

describe.skipIf(!firefoxPath)('Firefox', () => {
  let server: CliServer;
  let chromium: Browser;
  let firefox: Firefox;

  beforeAll(async () => {
    [server, chromium, firefox] = await Promise.all([CliServer.start(), launchChromium(), launchFirefox()]);
  });
  afterAll(() => Promise.all([firefox?.close(), chromium?.close(), server?.stop()]));

  it('watches a stream from before its beginning to after its end', async () => {
    const viewer = await firefox.newPage();
    const errors = collectFirefoxErrors(viewer);
    await viewer.goto(`${server.url}/demo/watch.html?stream=even`);
    await viewer.evaluate(reachState, 'waiting');
    const stream = await ClockStream.start(server.socketUrl, 'even');
    try {
      const reading = await watchLive(evaluating(viewer));
      console.log(`ffmpeg to Firefox: ${summary(reading)}`);
      expectNearLive(reading);
      expect(reading.stalls).toBe(0);
    } finally {
      await stream.stop();
    }
    await viewer.evaluate(reachState, 'ended');
    await viewer.close();
    expect(errors).toEqual([]);
  });

  it('watches a broadcast', async () => {
    const viewer = await firefox.newPage();
    await viewer.goto(`${server.url}/demo/watch.html?stream=to-firefox`);
    const broadcaster = await openBroadcaster(chromium, server.url, 'to-firefox');
    await goLive(broadcaster);
    const reading = await watchLive(evaluating(viewer));
    console.log(`Chromium to Firefox: ${summary(reading)}`);
    expectNearLive(reading);
    // A broadcaster who closes the page ends the stream.
    await broadcaster.close();
    await viewer.evaluate(reachState, 'ended');
    await viewer.close();
  });

  it('goes on when the size of the picture changes', async () => {
    const viewer = await firefox.newPage();
    const errors = collectFirefoxErrors(viewer);
    await viewer.goto(`${server.url}/demo/watch.html?stream=changing`);
    await watchChange(server, evaluating(viewer), 'changing');
    await viewer.close();
    expect(errors).toEqual([]);
  });

  it('broadcasts', async () => {
    const broadcaster = await firefox.newPage();
    const errors = collectFirefoxErrors(broadcaster);
    await broadcaster.evaluateOnNewDocument(installClockCamera, CLOCK);
    await broadcaster.goto(`${server.url}/demo/broadcast.html?stream=from-firefox`);
    await press(broadcaster, 'Go live');
    const viewer = await openViewer(chromium, server.url, 'from-firefox');

    const reading = await watchLive(viewer);
    console.log(`Firefox to Chromium: ${summary(reading)}`);
    // Its VP8 is encoded anew on the same machine: later than others, and now and then too late.
    expect(reading.latencies.length).toBeGreaterThan(50);
    expect(reading.unreadable).toBeLessThan(reading.latencies.length / 20);
    expect(percentile(reading.latencies, 50)).toBeLessThan(6000);

    await press(broadcaster, 'Stop');
    await press(broadcaster, 'End stream');
    await viewer.evaluate(reachState, 'ended');
    expect(errors).toEqual([]);
  });
});

/** Puppeteer's types do not say that an argument arrives as it was sent. */
function evaluating(page: Page): BrowserPage {
  return { evaluate: (body, argument) => page.evaluate(body as (argument: unknown) => never, argument) };
}

async function press(page: Page, name: string): Promise<void> {
  await page.locator(`live-broadcaster >>> ::-p-aria([name="${name}"][role="button"])`).click();
}
