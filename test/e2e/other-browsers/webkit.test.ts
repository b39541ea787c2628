import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { CliServer } from '../../helpers/cli-server.js';
import { goLive, openBroadcaster } from '../../helpers/pages.js';
import { hasWebKit, WebKitBrowser } from '../../helpers/webkit.js';
import { watchChange } from './changing.js';
import { ClockStream } from './clock-stream.js';
import { expectNearLive, reachState, summary, watchLive } from './watching.js';

// Now and then WebKitGTK's web process hangs for ever in a seek that comes before its first picture: with GStreamer
// 1.22 the seek waits for a pad that waits for the seek. A page can do nothing about it; another browser can.
describe.skipIf(!hasWebKit)('WebKitGTK', { retry: 2 }, () => {
  let server: CliServer;
  let webkit: WebKitBrowser | undefined;

  beforeAll(async () => {
    server = await CliServer.start();
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    webkit = await WebKitBrowser.launch();
  });
  afterEach(async () => {
    await webkit?.close();
    webkit = undefined;
  });

  it('watches a stream from before its beginning to after its end', async () => {
    await webkit!.goto(`${server.url}/demo/watch.html?stream=even`);
    await webkit!.evaluate(reachState, 'waiting');
    const stream = await ClockStream.start(server.socketUrl, 'even');
    try {
      const reading = await watchLive(webkit!);
      console.log(`ffmpeg to WebKitGTK: ${summary(reading)}`);
      expectNearLive(reading);
      expect(reading.stalls).toBe(0);
    } finally {
      await stream.stop();
    }
    await webkit!.evaluate(reachState, 'ended');
  });

  it('goes on when the size of the picture changes', async () => {
    await webkit!.goto(`${server.url}/demo/watch.html?stream=changing`);
    await watchChange(server, webkit!, 'changing');
  });

  it('watches a broadcast', async () => {
    const chromium = await launchChromium();
    try {
      await webkit!.goto(`${server.url}/demo/watch.html?stream=broadcast`);
      await goLive(await openBroadcaster(chromium, server.url, 'broadcast'));
      const reading = await watchLive(webkit!);
      console.log(`Chromium to WebKitGTK: ${summary(reading)}`);
      // Stalls there may be: where a busy encoder has left out frames, it leaves out the rest up to the next key frame.
      expectNearLive(reading);
    } finally {
      await chromium.close();
    }
  });
});
