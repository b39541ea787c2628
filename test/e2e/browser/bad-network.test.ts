import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ServerMessage } from '../../../server/protocol.js';
import type { BroadcastHealth } from '../../../widget/index.js';
import { launchChromium } from '../../helpers/chromium.js';
import { installClockCamera } from '../../helpers/clock-camera.js';
import {
  compareSamples,
  encodedSamples,
  noDifference,
  noteEncodedSamples,
  servedSamples,
} from '../../helpers/encoded-samples.js';
import { FaultyProxy, isWebSocket } from '../../helpers/faulty-proxy.js';
import { HlsClient } from '../../helpers/hls-client.js';
import { frameDigests } from '../../helpers/media.js';
import { installPageGlobals, NodeBroadcaster } from '../../helpers/node-broadcaster.js';
import { ObservedServer } from '../../helpers/observed-server.js';
import { SleepingPage } from '../../helpers/sleeping-page.js';
import {
  collectErrors,
  countEmptied,
  goLive,
  isPlaying,
  openPage,
  openViewer,
  playsOn,
  timesEmptied,
} from '../../helpers/pages.js';

/** Small, so that several at once leave a machine its breath. */
const CAMERA = { width: 320, height: 180, frameRate: 15 };

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

/** A broadcaster of frames behind a network of its own, and a viewer who has a good one, where there is one. */
class Show {
  readonly errors: string[];
  /** How many messages the server has told that it has. */
  #acknowledged = 0;

  private constructor(
    readonly streamId: string,
    readonly proxy: FaultyProxy,
    readonly page: Page,
    readonly viewer: Page | undefined,
  ) {
    this.errors = viewer ? collectErrors(viewer) : [];
    page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => {
        const message = typeof payload === 'string' ? (JSON.parse(payload) as ServerMessage) : undefined;
        if (message?.type === 'ack') this.#acknowledged = message.received;
      }),
    );
  }

  static async start(streamId: string, isWatched = true): Promise<Show> {
    const proxy = await FaultyProxy.start(server.url);
    const page = await openPage(browser);
    await page.addInitScript(noteEncodedSamples);
    await page.addInitScript(installClockCamera, CAMERA);
    const viewer = isWatched ? await openViewer(browser, server.url, streamId) : undefined;
    const show = new Show(streamId, proxy, page, viewer);
    await page.goto(`${proxy.url}/demo/broadcast.html?stream=${streamId}`);
    await page.evaluate(() => {
      const broadcaster = document.querySelector<HTMLElement & { frameRate: number }>('live-broadcaster')!;
      broadcaster.frameRate = 15;
      const told = { states: [] as string[], dropped: 0, health: undefined as unknown };
      Object.assign(globalThis, { told });
      broadcaster.addEventListener('live-state', (event) =>
        told.states.push((event as CustomEvent<{ state: string }>).detail.state),
      );
      broadcaster.addEventListener('live-dropped', () => (told.dropped += 1));
      broadcaster.addEventListener('live-health', (event) => (told.health = (event as CustomEvent).detail));
    });
    await goLive(page);
    if (viewer) {
      await isPlaying(viewer);
      await countEmptied(viewer);
    }
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
    return playsOn(this.viewer!);
  }

  /**
   * Ends it and checks that the server has every sample that was encoded, once, in one run, and that the viewer's player went on
   * with what it had: no page and no media was loaded anew.
   */
  async end(): Promise<void> {
    if (this.viewer) expect(await timesEmptied(this.viewer)).toBe(0);
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
    const status = await (await fetch(`${server.url}/livestream/${this.streamId}`)).text();
    const difference = compareSamples(encoded, served);
    // Told by the browser, which may take its time: all that was encoded has arrived.
    await vi.waitFor(() => expect(this.#acknowledged, difference.where.join()).toBe(total));
    expect(difference, status).toEqual(noDifference(total));
    expect(served.discontinuities).toBe(0);
    expect(told.dropped).toBe(0);
    expect(told.health.droppedSeconds).toBe(0);
    expect(this.errors).toEqual([]);
    await Promise.all([this.page.close(), this.viewer?.close(), this.proxy.close()]);
  }
}

/** A broadcaster of a file behind a network of its own. */
async function startFile(
  streamId: string,
): Promise<{ proxy: FaultyProxy; broadcaster: NodeBroadcaster; end(): Promise<void> }> {
  const proxy = await FaultyProxy.start(server.url);
  const recipe = { container: 'webm', video: 'h264', audio: 'opus' } as const;
  const broadcaster = new NodeBroadcaster(proxy.url, streamId, recipe);
  await broadcaster.goLive();

  /** Checks that the server has every frame of it, in one file without a seam. */
  async function end(): Promise<void> {
    await broadcaster.stop();
    const { files } = broadcaster.encoder;
    expect(files).toHaveLength(1);
    const response = await fetch(`${server.url}/livestream/${streamId}`);
    const { status, frameFaults, transcoderFaults } = (await response.json()) as Record<string, unknown>;
    expect({ status, frameFaults, transcoderFaults }).toEqual({
      status: 'ended',
      frameFaults: {},
      transcoderFaults: {},
    });
    const hls = new HlsClient(`${server.url}/livestream/${streamId}/stream.m3u8`);
    const folder = await mkdtemp(join(tmpdir(), 'livedrop-file-'));
    const path = join(folder, 'source.webm');
    await writeFile(path, files[0]!.bytes);
    const { segments } = await hls.playlist();
    const served = await hls.withDownload(segments, (paths) => Promise.all(paths.map(frameDigests)));
    expect(served).toEqual([await frameDigests(path)]);
    await Promise.all([rm(folder, { recursive: true }), proxy.close()]);
  }
  return { proxy, broadcaster, end };
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
    const show = await Show.start('lifecycle', false);
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
    const again = proxy.next(isWebSocket);
    await context.setOffline(false);
    await again;
    await show.isBack();

    // Asleep, the page does not hear that its connection leads nowhere any more.
    const asleep = await SleepingPage.begin(page);
    const [old] = proxy.connections(isWebSocket);
    proxy.stall({ filter: (connection) => connection === old });
    await sleep(2000);
    const next = proxy.next(isWebSocket);
    await asleep.wake();
    // Found by a probe, long before the acknowledgements are missed.
    await next;
    proxy.unstall();
    await asleep.check();
    await show.end();
  });

  it('loses no frame of a file', async () => {
    const { proxy, broadcaster, end } = await startFile('file');
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
    await end();
  });

  it('loses no frame of a file to a cut of 20 s', async () => {
    const { proxy, broadcaster, end } = await startFile('long-file');
    await sleep(1000);
    await proxy.outage(20_000);
    await broadcaster.until('live');
    await end();
  });
});
