import { expect, it } from 'vitest';
import { CliServer } from '../../helpers/cli-server.js';
import { readClock } from '../../helpers/clock-camera.js';
import { goLive, isPlaying, openBroadcaster, openViewer } from '../../helpers/pages.js';
import { useServerAndBrowser } from '../../helpers/server-and-browser.js';

const shared = useServerAndBrowser(() => CliServer.start());

// Whatever else a machine does can only add stalls: one reading without any shows that none is ours.
it(
  'never interrupts the viewer while sources are switched and the microphone is muted',
  { retry: 2 },
  async () => {
    const { server, browser } = shared;
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
