import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { LatencyReading } from '../../../widget/index.js';
import { CliServer } from '../../helpers/cli-server.js';
import { percentile, readClock } from '../../helpers/clock-camera.js';
import { collectErrors, goLive, isPlaying, openBroadcaster, openViewer } from '../../helpers/pages.js';
import { useServerAndBrowser } from '../../helpers/server-and-browser.js';

/** Of pictures that are read. */
const SECONDS = 12;

/** Of pictures with `latency="instant"`: the figure beside them is the same within seconds. */
const INSTANT_SECONDS = 5;

/** What a player may be off in telling how old its pictures are, ms: what a picture takes from the canvas, and to the glass. */
const MISTAKE = 150;

const shared = useServerAndBrowser(() => CliServer.start());

/** The pictures of some seconds, what the player said of each, and its events. */
async function read(viewer: Page, seconds: number) {
  await viewer.evaluate(() => {
    const player = document.querySelector('live-player')!;
    const video = player.shadowRoot!.querySelector('video')!;
    const said = { latencies: [] as number[], events: [] as LatencyReading[] };
    Object.assign(globalThis, { said });
    player.addEventListener('live-latency', (event) =>
      said.events.push((event as CustomEvent<LatencyReading>).detail),
    );
    const onFrame = (): void => {
      if (player.video.latencySource === 'capture') said.latencies.push(player.latency! * 1000);
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  });
  const pictures = await viewer.evaluate(readClock, { selector: 'video', seconds });
  const said = await viewer.evaluate(
    () => (globalThis as unknown as { said: { latencies: number[]; events: LatencyReading[] } }).said,
  );
  return { pictures, said };
}

/** The player knows how old its pictures are. */
function expectTrueLatency({ pictures, said }: Awaited<ReturnType<typeof read>>): void {
  const seen = percentile(pictures.latencies, 50);
  const told = percentile(said.latencies, 50);
  console.log(`${said.events[0]?.transport}: p50 ${seen} ms, told as ${Math.round(told)} ms`);
  expect(said.latencies.length).toBeGreaterThan(pictures.latencies.length * 0.9);
  expect(Math.abs(told - seen)).toBeLessThan(MISTAKE);
}

// Whatever else a machine does can only add stalls: one reading without any shows that none is ours.
it(
  'shows the camera’s frames to a viewer who waited, about a second later and without a stall',
  { retry: 2 },
  async () => {
    const { server, browser } = shared;
    const streamId = `glass-${Date.now()}`;
    const viewer = await openViewer(browser, server.url, streamId);
    const broadcaster = await openBroadcaster(browser, server.url, streamId);
    const errors = [collectErrors(viewer), collectErrors(broadcaster)];
    const requests: string[] = [];
    viewer.on('request', (request) => requests.push(request.url()));
    await goLive(broadcaster);
    await isPlaying(viewer);
    const low = await read(viewer, SECONDS);
    const reading = low.pictures;

    console.log(
      `glass to glass: p50 ${percentile(reading.latencies, 50)} ms, p95 ${percentile(reading.latencies, 95)} ms`,
    );
    expect(reading.stalls).toBe(0);
    expect(reading.backwards).toBe(0);
    expect(reading.latencies.length).toBeGreaterThan(SECONDS * 17);
    expect(reading.unreadable).toBeLessThan(reading.latencies.length / 20);
    // A bound of the product, and of every browser here, not a benchmark.
    expect(percentile(reading.latencies, 50)).toBeLessThan(3000);
    expectTrueLatency(low);
    // However slow a machine is, it plays parts, and aims at less than a segment: HLS of whole segments does neither.
    const count = (name: RegExp) => requests.filter((url) => name.test(url)).length;
    expect(count(/-p\d+\.m4s/)).toBeGreaterThan(4 * count(/-s\d+\.m4s/));
    expect(count(/-p\d+\.m4s/)).toBeGreaterThan(SECONDS * 2);
    expect(low.said.events.every(({ transport }) => transport === 'hls')).toBe(true);
    expect(Math.min(...low.said.events.map(({ target = Infinity }) => target))).toBeLessThan(1);

    await viewer.evaluate(() => document.querySelector('live-player')!.setAttribute('latency', 'instant'));
    await viewer.waitForFunction(() => {
      const { video } = document.querySelector('live-player')!;
      return video.transport === 'instant' && video.playing && video.latencySource === 'capture';
    });
    const instant = await read(viewer, INSTANT_SECONDS);
    expectTrueLatency(instant);
    expect(instant.said.events.every(({ transport }) => transport === 'instant')).toBe(true);
    expect(errors.flat()).toEqual([]);
  },
);
