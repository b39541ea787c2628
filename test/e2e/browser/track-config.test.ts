import { fileURLToPath } from 'node:url';
import type HlsJs from 'hls.js';
import { expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { generateFrames, type FramesRecipe } from '../../helpers/frames.js';
import { openPage } from '../../helpers/pages.js';
import { Publisher } from '../../helpers/publisher.js';
import { sendResized } from '../../helpers/resized-stream.js';
import { startNodeServerHost } from '../../contract/node-server-host.js';

const HLS_JS = fileURLToPath(new URL('../../../node_modules/hls.js/dist/hls.light.js', import.meta.url));

/** What the page's video shows. */
interface Seen {
  width: number;
  time: number;
  sound: number;
  error: string | undefined;
}

const recipe: FramesRecipe = { video: 'h264', seconds: 2, earlyKeyFrame: 0.2 };

// With Opus: player-track-config.test.ts.
it.each(['aac'] as const)(
  'a player goes on when the size of the picture changes in the midst of a stream with %s',
  async (audio) => {
    const before = await generateFrames({ ...recipe, audio });
    const after = await generateFrames({ ...recipe, audio, size: '480x270' });
    const host = await startNodeServerHost({ transcoder: false });
    const browser = await launchChromium();
    try {
      const url = `${host.origin}/livestream/changing/stream.m3u8`;
      const publisher = await Publisher.start(
        `${host.origin.replace('http', 'ws')}/livestream/ws`,
        'changing',
        { format: before.format },
      );
      const page = await openPage(browser);
      const width = (wanted: number) =>
        page.waitForFunction((pixels) => document.querySelector('video')?.videoWidth === pixels, wanted);
      const seen = width(320);
      const end = new AbortController();
      const sending = sendResized(publisher, 'changing', [before, after], seen, end.signal);
      await publisher.socket.next('stream-status', ({ status }) => status === 'live');

      await page.setContent('<video muted playsinline></video>');
      await page.addScriptTag({ path: HLS_JS });
      await page.evaluate((source) => {
        const video = document.querySelector('video')!;
        const { Hls } = globalThis as unknown as { Hls: typeof HlsJs };
        const hls = new Hls({ liveSyncDuration: 0.6 });
        hls.on(Hls.Events.ERROR, (_, { details, fatal }) => {
          if (fatal) video.dataset['error'] = details;
        });
        hls.loadSource(source);
        hls.attachMedia(video);
        void video.play();
      }, url);
      const see = () =>
        page.evaluate((): Seen => {
          const video = document.querySelector('video')! as HTMLVideoElement & {
            webkitAudioDecodedByteCount: number;
          };
          return {
            width: video.videoWidth,
            time: video.currentTime,
            sound: video.webkitAudioDecodedByteCount,
            error: video.dataset['error'] ?? video.error?.message,
          };
        });
      await seen;
      await width(480);
      const changed = await see();
      await page.waitForFunction(
        (time) => document.querySelector('video')!.currentTime > time + 2,
        changed.time,
      );
      const last = await see();
      expect(last.error).toBeUndefined();
      expect(last.width).toBe(480);
      expect(last.sound).toBeGreaterThan(changed.sound);
      end.abort();
      await sending;
      expect(publisher.socket.all('error')).toEqual([]);
      await publisher.close();
    } finally {
      await browser.close();
      await host.close();
    }
  },
);
