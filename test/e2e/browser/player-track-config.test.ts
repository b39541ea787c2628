import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { CliServer } from '../../helpers/cli-server.js';
import { generateFrames } from '../../helpers/frames.js';
import { collectErrors, openViewer } from '../../helpers/pages.js';
import { Publisher } from '../../helpers/publisher.js';
import { sendResized } from '../../helpers/resized-stream.js';

let server: CliServer;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([CliServer.start(), launchChromium()]);
});
afterAll(() => Promise.all([browser?.close(), server?.stop()]));

it.concurrent.each([
  ['instant', 'opus', 'opus'],
  ['low', 'opus', 'opus'],
  ['instant', 'opus', 'aac'],
  ['low', 'aac', 'opus'],
] as const)(
  'the player (latency="%s") goes on when the size of the picture changes, and its sound from %s to %s',
  async (latency, audio, otherAudio) => {
    const before = await generateFrames({ video: 'h264', audio, seconds: 2, earlyKeyFrame: 0.2 });
    const after = await generateFrames({ video: 'h264', audio: otherAudio, seconds: 2, size: '480x270' });
    const streamId = `resized-${latency}-${audio}-${otherAudio}`;
    const page = await openViewer(browser, server.url, streamId);
    const errors = collectErrors(page);
    await page.evaluate((mode) => {
      const player = document.querySelector('live-player')!;
      player.setAttribute('latency', mode);
      player.addEventListener('live-fallback', (event) => {
        player.dataset['fallback'] = (event as CustomEvent<{ reason: string }>).detail.reason;
      });
    }, latency);
    const publisher = await Publisher.start(server.socketUrl, streamId, { format: before.format });
    const width = (wanted: number) =>
      page.waitForFunction(
        (pixels) =>
          document.querySelector('live-player')!.shadowRoot!.querySelector('video')!.videoWidth === pixels,
        wanted,
      );
    const seen = width(320);
    const end = new AbortController();
    const sending = sendResized(publisher, streamId, [before, after], seen, end.signal);
    await seen;
    await width(480);
    const see = () =>
      page.evaluate(() => {
        const { video, shadowRoot, dataset } = document.querySelector('live-player')!;
        const element = shadowRoot!.querySelector<HTMLVideoElement & { webkitAudioDecodedByteCount: number }>(
          'video',
        )!;
        return {
          transport: video.transport,
          fallback: dataset['fallback'],
          time: element.currentTime,
          heard: element.webkitAudioDecodedByteCount,
        };
      });
    const changed = await see();
    await page.waitForFunction(
      (time) =>
        document.querySelector('live-player')!.shadowRoot!.querySelector('video')!.currentTime > time + 2,
      changed.time,
    );
    const later = await see();
    // A machine that is too busy to play at once may say so; nothing else may end it.
    const isStarved = /stalls within|of real time/.test(later.fallback ?? '');
    if (later.fallback !== undefined) console.log(`${latency}: ${later.fallback}`);
    expect(later).toMatchObject(
      isStarved
        ? { transport: 'hls' }
        : { transport: latency === 'instant' ? 'instant' : 'hls', fallback: undefined },
    );
    expect(later.heard).toBeGreaterThan(changed.heard);
    end.abort();
    await sending;
    await Promise.all([publisher.close(), page.close()]);
    expect(errors).toEqual([]);
  },
);
