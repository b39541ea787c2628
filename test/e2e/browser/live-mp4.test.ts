import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { Broadcast } from '../../helpers/broadcast.js';
import { CliServer } from '../../helpers/cli-server.js';
import { openPage } from '../../helpers/pages.js';
import { encodeRecording, type RecordingRecipe } from '../../helpers/recorder.js';
import { useServerAndBrowser } from '../../helpers/server-and-browser.js';

const WEBM: RecordingRecipe = { container: 'webm', video: 'h264', audio: 'opus' };

const shared = useServerAndBrowser(() => CliServer.start());

beforeAll(() => encodeRecording(WEBM));

/** Plays a URL in a bare `<video>`, and resolves when it has shown pictures for two seconds. */
async function play(page: Page, url: string): Promise<void> {
  await page.goto(`${shared.server.url}/healthz`);
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
  const { server, browser } = shared;
  const broadcast = await Broadcast.start(server, 'bare', WEBM);
  await broadcast.segments(1);
  const page = await openPage(browser);
  await play(page, `${server.url}/livestream/${broadcast.streamId}/live.mp4`);
  const ended = page.waitForFunction(() => document.querySelector('video')!.ended);
  await broadcast.stop();
  await ended;
  expect(await page.evaluate(() => document.querySelector('video')!.error)).toBeNull();
});
