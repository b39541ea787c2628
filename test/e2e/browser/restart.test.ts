import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { readClock, type ClockReading } from '../../helpers/clock-camera.js';
import { goLive, isPlaying, openBroadcaster, openViewer } from '../../helpers/pages.js';
import { RestartedServer } from '../../helpers/restarted-server.js';
import { useServerAndBrowser } from '../../helpers/server-and-browser.js';

/** The longest time without a picture beyond that in which nothing listens, milliseconds: that is a second where nothing else runs. */
const LIVE_AGAIN = 4000;

/** A broadcaster is live again so long after the next server listens at the latest, milliseconds. */
const BROADCASTER_BACK = 5000;

/** Seconds: long enough for a restart, and a while after it. */
const READING = 10;

/** From capture to glass, seconds: what players come back to after it, however late they were. */
const NEAR = 2;

let streams = 0;
const shared = useServerAndBrowser(() => RestartedServer.start());

/** Reads the pictures' clock while the server is another one; the page must be the same afterwards. */
async function readThroughout(viewer: Page): Promise<ClockReading> {
  await viewer.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
  const reading = await viewer.evaluate(readClock, { selector: 'video', seconds: READING });
  expect(await viewer.evaluate(() => 'isSamePage' in globalThis)).toBe(true);
  return reading;
}

/** When the broadcaster's page says that it is live again, milliseconds since the epoch; to be called before it is not. */
function liveAgain(broadcaster: Page): Promise<number> {
  return broadcaster.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const broadcaster = document.querySelector<HTMLElement & { state: string }>('live-broadcaster')!;
        // It may have noticed before this was asked.
        let wasLost = broadcaster.state !== 'live';
        broadcaster.addEventListener('live-state', (event) => {
          const { state } = (event as CustomEvent<{ state: string }>).detail;
          if (state === 'reconnecting') wasLost = true;
          else if (wasLost && state === 'live') resolve(Date.now());
        });
      }),
  );
}

it.each(['SIGKILL', 'SIGTERM'] as const)(
  'goes on by itself after %s, broadcaster and players',
  async (signal) => {
    const { server, browser } = shared;
    const streamId = `${signal.toLowerCase()}-${++streams}`;
    const broadcaster = await openBroadcaster(browser, server.url, streamId);
    await goLive(broadcaster);
    const viewers = await Promise.all([1, 2].map(() => openViewer(browser, server.url, streamId)));
    await viewers[1]!.locator('live-player').evaluate((player) => player.setAttribute('latency', 'instant'));
    await Promise.all(viewers.map(isPlaying));
    const before = await playlistUrl(streamId);

    const readings = Promise.all(viewers.map(readThroughout));
    const back = liveAgain(broadcaster);
    const stoppedAt = performance.now();
    const { to } = await server.restart(signal);
    const away = performance.now() - stoppedAt;
    expect((await back) - to).toBeLessThan(BROADCASTER_BACK);
    for (const [index, { longestGap, backwards }] of (await readings).entries()) {
      const mode = index === 0 ? 'low' : 'instant';
      const took = [longestGap, away].map((time) => `${Math.round(time)} ms`);
      console.info(`${signal}, ${mode}: without a picture for ${took[0]}, without a server for ${took[1]}`);
      expect(longestGap).toBeLessThan(away + LIVE_AGAIN);
      // What a killed server had published and not acknowledged yet, a quarter of a second of it, comes again.
      expect(backwards).toBeLessThanOrEqual(signal === 'SIGKILL' ? 1 : 0);
      await expect.poll(() => latencyOf(viewers[index]!), { timeout: 20_000 }).toBeLessThan(NEAR);
    }
    expect(await playlistUrl(streamId)).toBe(before);
    await broadcaster.locator('live-broadcaster').getByText('LIVE', { exact: true }).waitFor();
  },
);

const latencyOf = (viewer: Page): Promise<number> =>
  viewer.locator('live-player').evaluate((player) => (player as HTMLElement & { latency: number }).latency);

async function playlistUrl(streamId: string): Promise<string> {
  const multivariant = `${shared.server.url}/livestream/${streamId}/stream.m3u8`;
  const uri = (await (await fetch(multivariant)).text()).split('\n').find((line) => /^[^#]/.test(line))!;
  return new URL(uri, multivariant).href;
}
