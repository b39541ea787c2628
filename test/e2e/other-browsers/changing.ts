import type { CliServer } from '../../helpers/cli-server.js';
import { generateFrames } from '../../helpers/frames.js';
import { Publisher } from '../../helpers/publisher.js';
import { sendResized } from '../../helpers/resized-stream.js';
import type { BrowserPage } from './watching.js';

/** Played of what came after the change, seconds. */
const AFTERWARDS = 2;

/**
 * Publishes a stream whose picture becomes another size in the middle (`track-config`), until the page's player has played some of it.
 * @param page which watches this stream already
 */
export async function watchChange(server: CliServer, page: BrowserPage, streamId: string): Promise<void> {
  const recipe = { video: 'h264', audio: 'aac', seconds: 2 } as const;
  const before = await generateFrames({ ...recipe, earlyKeyFrame: 0.2 });
  const after = await generateFrames({ ...recipe, size: '480x270' });
  const publisher = await Publisher.start(server.socketUrl, streamId, { format: before.format });
  const end = new AbortController();
  const seen = page.evaluate(playsWidth, { width: 320, seconds: 1 });
  const sending = sendResized(publisher, streamId, [before, after], seen, end.signal);
  try {
    await seen;
    await page.evaluate(playsWidth, { width: 480, seconds: AFTERWARDS });
  } finally {
    end.abort();
    await sending;
    await publisher.close();
  }
}

/** In a page: resolves when its player has played so much of a picture of a width. */
async function playsWidth({ width, seconds }: { width: number; seconds: number }): Promise<void> {
  await customElements.whenDefined('live-player');
  const deadline = performance.now() + 30_000;
  let from: number | undefined;
  for (;;) {
    const player = document.querySelector('live-player')!;
    const video = player.shadowRoot?.querySelector('video');
    if (video?.videoWidth === width) {
      from ??= video.currentTime;
      if (video.currentTime >= from + seconds) return;
    }
    if (performance.now() > deadline) {
      const { videoWidth, currentTime, paused, readyState } = video ?? {};
      const is = JSON.stringify({ videoWidth, currentTime, paused, readyState, from, state: player.state });
      throw new Error(`no picture of ${width} pixels is played: ${is}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
