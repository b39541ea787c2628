import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Broadcast } from '../../helpers/broadcast.js';
import { launchChromium } from '../../helpers/chromium.js';
import { CliServer } from '../../helpers/cli-server.js';
import { encodeRecording, type RecordingRecipe } from '../../helpers/recorder.js';

const WEBM: RecordingRecipe = { container: 'webm', video: 'h264', audio: 'opus' };

let server: CliServer;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([CliServer.start(), launchChromium(), encodeRecording(WEBM)]);
});
afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
afterAll(() => Promise.all([browser?.close(), server?.stop()]));

/** Plays a URL in a bare `<video>`, and resolves when it has shown pictures for two seconds. */
async function play(page: Page, url: string): Promise<void> {
  await page.goto(`${server.url}/healthz`);
  await page.evaluate((src) => {
    const video = document.createElement('video');
    Object.assign(video, { src, muted: true, autoplay: true });
    document.body.replaceChildren(video);
  }, url);
  await page.waitForFunction(() => {
    const video = document.querySelector('video')!;
    if (video.error) throw new Error(video.error.message);
    const { buffered, currentTime, videoWidth } = video;
    return videoWidth > 0 && buffered.length > 0 && currentTime > buffered.start(0) + 2;
  });
}

// Frame by frame it is fetched by the player (latency="instant"), and by ffmpeg in the contract.
it('a bare <video> plays live.mp4', async () => {
  const broadcast = await Broadcast.start(server, 'bare', WEBM);
  await broadcast.segments(1);
  const page = await browser.newPage();
  await play(page, `${server.url}/livestream/${broadcast.streamId}/live.mp4`);
  const ended = page.waitForFunction(() => document.querySelector('video')!.ended);
  await broadcast.stop();
  await ended;
  expect(await page.evaluate(() => document.querySelector('video')!.error)).toBeNull();
});
