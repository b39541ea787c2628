import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BroadcastHealth } from '../../../widget/index.js';
import { launchChromium } from '../../helpers/chromium.js';
import { CliServer } from '../../helpers/cli-server.js';
import { installClockCamera } from '../../helpers/clock-camera.js';
import {
  compareSamples,
  encodedSamples,
  noDifference,
  noteEncodedSamples,
  servedSamples,
} from '../../helpers/encoded-samples.js';
import { FaultyProxy, isWebSocket } from '../../helpers/faulty-proxy.js';
import { generateFrames, repeatFrames, sendFramesInRealTime } from '../../helpers/frames.js';
import { HlsClient } from '../../helpers/hls-client.js';
import { frameDigests } from '../../helpers/media.js';
import { installPageGlobals, NodeBroadcaster } from '../../helpers/node-broadcaster.js';
import { ObservedServer } from '../../helpers/observed-server.js';
import { collectErrors, goLive, isPlaying, openViewer } from '../../helpers/pages.js';
import { Publisher } from '../../helpers/publisher.js';

/** Small, so that several at once leave a machine its breath. */
const CAMERA = { width: 320, height: 180, frameRate: 30 };

let server: ObservedServer;
let browser: Browser;

beforeAll(async () => {
  installPageGlobals();
  // The window holds all that a test broadcasts.
  [server, browser] = await Promise.all([
    ObservedServer.start({}, { windowSegments: 1000 }),
    launchChromium(),
  ]);
});
afterAll(() => Promise.all([browser?.close(), server?.close()]));

/** Resolves when a viewer's picture has moved for half a second: how long that took from now, ms. */
async function playsOn(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const video = document.querySelector('live-player')!.shadowRoot!.querySelector('video')!;
    const since = performance.now();
    for (;;) {
      const [time, position] = [performance.now(), video.currentTime];
      await new Promise((resolve) => setTimeout(resolve, 500));
      const moved = video.currentTime - position;
      // A seek is no picture that moves.
      if (moved > 0.3 && moved < 1 && !video.seeking) return time - since;
    }
  });
}

/** A broadcaster of frames behind a network of its own, and a viewer who has a good one. */
class Show {
  readonly errors: string[];
  readonly states: string[] = [];

  private constructor(
    readonly streamId: string,
    readonly proxy: FaultyProxy,
    readonly page: Page,
    readonly viewer: Page,
  ) {
    this.errors = collectErrors(viewer);
  }

  static async start(streamId: string): Promise<Show> {
    const proxy = await FaultyProxy.start(server.url);
    const page = await browser.newPage();
    await page.addInitScript(noteEncodedSamples);
    await page.addInitScript(installClockCamera, CAMERA);
    await page.goto(`${proxy.url}/demo/broadcast.html?stream=${streamId}`);
    const show = new Show(streamId, proxy, page, await openViewer(browser, server.url, streamId));
    await page.evaluate(() => {
      const broadcaster = document.querySelector('live-broadcaster')!;
      const told = { states: [] as string[], dropped: 0, health: undefined as unknown };
      Object.assign(globalThis, { told });
      broadcaster.addEventListener('live-state', (event) =>
        told.states.push((event as CustomEvent<{ state: string }>).detail.state),
      );
      broadcaster.addEventListener('live-dropped', () => (told.dropped += 1));
      broadcaster.addEventListener('live-health', (event) => (told.health = (event as CustomEvent).detail));
    });
    await goLive(page);
    await isPlaying(show.viewer);
    return show;
  }

  get hls(): HlsClient {
    return new HlsClient(`${server.url}/livestream/${this.streamId}/stream.m3u8`);
  }

  /** Resolves when the broadcaster says that it is live after it said that it is not. */
  async isBack(): Promise<void> {
    await this.page.waitForFunction(
      () => {
        const { states } = (globalThis as unknown as { told: { states: string[] } }).told;
        const lost = states.indexOf('reconnecting');
        return lost >= 0 && states.indexOf('live', lost) > 0;
      },
      undefined,
      { timeout: 40_000 },
    );
  }

  async told(): Promise<{ states: string[]; dropped: number; health: BroadcastHealth }> {
    return this.page.evaluate(() => (globalThis as unknown as { told: never }).told);
  }

  viewerPlaysOn(): Promise<number> {
    return playsOn(this.viewer);
  }

  /** Ends it and checks that the server has every sample that was encoded, once, in one run. */
  async end(): Promise<void> {
    await this.page.evaluate(() =>
      document.querySelector<HTMLElement & { stop(): Promise<void> }>('live-broadcaster')!.stop(),
    );
    const [encoded, served, told] = await Promise.all([
      encodedSamples(this.page),
      servedSamples(this.hls),
      this.told(),
    ]);
    const total = encoded.video.length + encoded.audio.length;
    expect(encoded.video.length).toBeGreaterThan(100);
    expect(encoded.audio.length).toBeGreaterThan(100);
    expect(compareSamples(encoded, served)).toEqual(noDifference(total));
    expect(served.discontinuities).toBe(0);
    expect(told.dropped).toBe(0);
    expect(told.health.droppedSeconds).toBe(0);
    expect(this.errors).toEqual([]);
    await Promise.all([this.page.close(), this.viewer.close(), this.proxy.close()]);
  }
}

describe.concurrent('a broadcast over a bad network', () => {
  it('loses no sample to cuts, silence, delay and a narrow link', async () => {
    const show = await Show.start('everything');
    const { proxy } = show;
    proxy.delay(80);
    await proxy.outage(1000, { kind: 'end' });
    await show.isBack();
    await show.viewerPlaysOn();
    proxy.stall();
    await sleep(4000);
    proxy.unstall();
    await show.viewerPlaysOn();
    proxy.throttle(40_000, { direction: 'up' });
    await sleep(4000);
    proxy.cut();
    await sleep(1000);
    proxy.heal();
    await proxy.outage(5000);
    await proxy.next(isWebSocket);
    const took = await show.viewerPlaysOn();
    console.info(`cut of 5 s: the viewer plays ${Math.round(took)} ms after the broadcaster's connection`);
    await show.end();
  });

  it('loses no sample to a cut of 20 s, which the viewer waits out', async () => {
    const show = await Show.start('long');
    await show.proxy.outage(20_000);
    const since = performance.now();
    await show.isBack();
    const took = await show.viewerPlaysOn();
    console.info(
      `cut of 20 s: live again after ${Math.round(performance.now() - since)} ms, the viewer plays ${Math.round(took)} ms later`,
    );
    await show.end();
  });

  it('takes the browser at its word: offline, online, frozen, resumed', async () => {
    const show = await Show.start('lifecycle');
    const { proxy, page } = show;
    const context = page.context();
    await context.setOffline(true);
    await page.waitForFunction(() => !navigator.onLine);
    const before = proxy.counts.websockets;
    proxy.cut({ filter: isWebSocket });
    await page.waitForFunction(
      () => document.querySelector('live-broadcaster')!.getAttribute('state') === 'reconnecting',
    );
    // The first four attempts would be made within this time.
    await sleep(2000);
    expect(proxy.counts.websockets).toBe(before);
    await context.setOffline(false);
    await proxy.next(isWebSocket);
    await show.isBack();

    // Asleep, the page does not hear that its connection leads nowhere any more.
    const devtools = await context.newCDPSession(page);
    await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
    const [old] = proxy.connections(isWebSocket);
    proxy.stall({ filter: (connection) => connection === old });
    await sleep(2000);
    const next = proxy.next(isWebSocket);
    await devtools.send('Page.setWebLifecycleState', { state: 'active' });
    // Found by a probe, long before the acknowledgements are missed.
    await next;
    proxy.unstall();
    await show.viewerPlaysOn();
    await show.end();
  });

  it('loses no frame of a file', async () => {
    const proxy = await FaultyProxy.start(server.url);
    const broadcaster = new NodeBroadcaster(proxy.url, 'file', {
      container: 'webm',
      video: 'h264',
      audio: 'opus',
    });
    await broadcaster.goLive();
    await sleep(1000);
    await proxy.outage(1000);
    await broadcaster.until('live');
    proxy.stall({ filter: isWebSocket });
    await sleep(3000);
    proxy.unstall();
    proxy.throttle(100_000, { direction: 'up' });
    proxy.cut({ kind: 'end' });
    await broadcaster.until('reconnecting');
    await broadcaster.until('live');
    proxy.heal();
    await proxy.outage(5000);
    await broadcaster.until('live');
    await broadcaster.stop();

    const { files } = broadcaster.encoder;
    expect(files).toHaveLength(1);
    const hls = new HlsClient(`${server.url}/livestream/file/stream.m3u8`);
    const folder = await mkdtemp(join(tmpdir(), 'livedrop-file-'));
    const path = join(folder, 'source.webm');
    await writeFile(path, files[0]!.bytes);
    const { segments } = await hls.playlist();
    const served = await hls.withDownload(segments, (paths) => Promise.all(paths.map(frameDigests)));
    expect(served).toEqual([await frameDigests(path)]);
    await Promise.all([rm(folder, { recursive: true }), proxy.close()]);
  });
});

describe.concurrent('a viewer over a bad network', () => {
  const faults = {
    'cut of 1 s': (proxy: FaultyProxy) => proxy.outage(1000),
    'cut of 5 s': (proxy: FaultyProxy) => proxy.outage(5000),
    'cut of 20 s': (proxy: FaultyProxy) => proxy.outage(20_000),
    'silence of 5 s': async (proxy: FaultyProxy) => {
      proxy.stall();
      await sleep(5000);
      proxy.unstall();
    },
    'narrow link of 5 s': async (proxy: FaultyProxy) => {
      proxy.throttle(15_000);
      await sleep(5000);
      proxy.heal();
    },
  };
  type Fault = keyof typeof faults;
  const short: Fault[] = ['cut of 1 s', 'cut of 5 s', 'silence of 5 s', 'narrow link of 5 s'];
  let end: AbortController;
  let url: string;
  let usual: CliServer;

  beforeAll(async () => {
    usual = await CliServer.start();
    ({ url } = usual);
    end = new AbortController();
    const media = await generateFrames({ video: 'h264', audio: 'opus', seconds: 4 });
    const publisher = await Publisher.start(usual.socketUrl, 'steady', { format: media.format });
    void sendFramesInRealTime(publisher, repeatFrames(media), end.signal);
  });
  afterAll(async () => {
    end.abort();
    await usual.stop();
  });

  it.each([
    ['low', short],
    ['low', ['cut of 20 s']],
    ['instant', short],
    ['instant', ['cut of 20 s']],
  ] as const)('plays on by itself (%s): %s', async (latency, names) => {
    const proxy = await FaultyProxy.start(url);
    const page = await browser.newPage();
    await page.goto(`${proxy.url}/demo/watch.html?stream=steady`);
    await page
      .locator('live-player')
      .evaluate((player, value) => player.setAttribute('latency', value), latency);
    await isPlaying(page);
    for (const name of names) {
      await faults[name](proxy);
      const took = await playsOn(page);
      console.info(`${latency}, ${name}: plays ${Math.round(took)} ms after the network`);
      expect(took, name).toBeLessThan(5000);
    }
    await Promise.all([page.close(), proxy.close()]);
  });
});
