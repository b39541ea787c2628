import puppeteer from 'puppeteer-core';
import { expect, it, onTestFinished } from 'vitest';
import type { BroadcastHealth } from '../../../widget/index.js';
import { findChromium } from '../../helpers/chromium.js';
import { CliServer } from '../../helpers/cli-server.js';
import { percentile, readClock } from '../../helpers/clock-camera.js';
import { goLive, isPlaying, openBroadcaster, openPage, openViewer } from '../../helpers/pages.js';
import { useServerAndBrowser } from '../../helpers/server-and-browser.js';

const shared = useServerAndBrowser(() => CliServer.start());

type Broadcaster = HTMLElement & { encoder: string };
type HealthEvent = CustomEvent<BroadcastHealth>;

/** The health events of a broadcaster, from now on: so many of them. */
const health = async (page: Awaited<ReturnType<typeof openBroadcaster>>, count: number) =>
  page.evaluate(
    (wanted) =>
      new Promise<BroadcastHealth[]>((resolve) => {
        const all: BroadcastHealth[] = [];
        document.querySelector('live-broadcaster')!.addEventListener('live-health', (event) => {
          all.push((event as HealthEvent).detail);
          if (all.length === wanted) resolve(all);
        });
      }),
    count,
  );

/** One frame that a page sent: when it is shown, seconds, and its size. */
interface SentFrame {
  time: number;
  bytes: number;
}

/** Notes the frames that the page sends, from their headers, in `sentFrames` and `sentSound`. Runs in a page. */
function noteFrames(): void {
  const sentFrames: SentFrame[] = [];
  const sentSound: SentFrame[] = [];
  Object.assign(globalThis, { sentFrames, sentSound });
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (data) {
    if (data instanceof ArrayBuffer) {
      const view = new DataView(data);
      const sent = { time: Number(view.getBigInt64(4)) / 1e6, bytes: data.byteLength };
      (view.getUint8(0) === 0 ? sentFrames : sentSound).push(sent);
    }
    send.call(this, data);
  };
}

/** Pictures a second that a camera gives at least on a busy machine. */
const LEAST_RATE = 10;

/** Bytes, its header among them: Opus of silence has fewer. */
const LEAST_SOUND = 40;

it('sends frames from the browser’s own encoder to a viewer', async () => {
  const { server, browser } = shared;
  const page = await openBroadcaster(browser, server.url, 'frames');
  await page.evaluate(noteFrames);
  await goLive(page);
  const playlist = await (await fetch(`${server.url}/livestream/frames/stream.m3u8`)).text();
  expect(playlist).toMatch(/CODECS="avc1\.42[CE]0[0-9A-F]{2},(opus|mp4a\.40\.2)"/i);
  expect(playlist).toContain('RESOLUTION=320x180');

  const viewer = await openViewer(browser, server.url, 'frames');
  await isPlaying(viewer);
  const [reading, healths] = await Promise.all([
    viewer.evaluate(readClock, { selector: 'video', seconds: 6 }),
    health(page, 4),
  ]);
  console.info(`frames: glass to glass p50 ${percentile(reading.latencies, 50)} ms`);
  expect(reading.backwards).toBe(0);
  expect(reading.latencies.length).toBeGreaterThan(60);
  for (const one of healths) {
    expect(one.encoder).toBe('webcodecs');
    expect(one.congestion).toBe('none');
    expect(one.kilobitsPerSecond).toBeGreaterThan(50);
    expect(one.framesPerSecond).toBeGreaterThan(10);
    expect(one.framesPerSecond).toBeLessThan(40);
    // Told about as often as the server acknowledges: some is kept, and not more than some seconds of it.
    expect(one.bufferedBytes).toBeLessThan(1_000_000);
    expect(one.roundTrip).toBeLessThan(1000);
  }
  expect(Math.max(...healths.map(({ bufferedBytes }) => bufferedBytes))).toBeGreaterThan(0);
  // The camera has a tone, and viewers hear it from the beginning.
  const beginning = await page.evaluate(() =>
    (globalThis as unknown as { sentSound: SentFrame[] }).sentSound.filter(({ time }) => time < 2),
  );
  expect(beginning.length).toBeGreaterThan(80);
  expect(beginning.filter(({ bytes }) => bytes < LEAST_SOUND).length).toBeLessThan(20);
});

it('is played frame by frame where a proxy takes away the header that says what was there already', async () => {
  const { server, browser } = shared;
  await goLive(await openBroadcaster(browser, server.url, 'headerless'));
  const viewer = await openPage(browser);
  await viewer.addInitScript(() => {
    const asked = { backlog: 0 };
    Object.assign(globalThis, { asked });
    const { get } = Headers.prototype;
    Headers.prototype.get = function (name) {
      if (name !== 'Livedrop-Backlog') return get.call(this, name);
      asked.backlog += 1;
      return null;
    };
  });
  await viewer.goto(`${server.url}/demo/watch.html?stream=headerless`);
  await viewer.evaluate(() => document.querySelector('live-player')!.setAttribute('latency', 'instant'));
  await viewer.waitForFunction(() => {
    const { video } = document.querySelector('live-player')!;
    return video.transport === 'instant' && video.playing;
  });
  const reading = await viewer.evaluate(readClock, { selector: 'video', seconds: 3 });
  expect(await viewer.evaluate(() => (globalThis as unknown as { asked: object }).asked)).toEqual({
    backlog: 1,
  });
  expect(reading.backwards).toBe(0);
  expect(reading.latencies.length).toBeGreaterThan(30);
  // A bound of the product, and of every machine here: it began at the edge.
  expect(percentile(reading.latencies, 50)).toBeLessThan(1500);
});

it('sends a file where it is told to', async () => {
  const { server, browser } = shared;
  const page = await openBroadcaster(browser, server.url, 'file');
  await page.evaluate(() => {
    document.querySelector<Broadcaster>('live-broadcaster')!.encoder = 'mediarecorder';
  });
  await goLive(page);
  const [one] = await health(page, 1);
  expect(one!.encoder).toBe('mediarecorder');
});

it('goes on at full rate in a hidden tab', async () => {
  // Playwright makes every page believe that it is seen.
  const real = await puppeteer.launch({
    executablePath: findChromium(),
    args: [
      ...['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required'],
      ...['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
    ],
    // So that a hidden tab is treated as people's browsers do.
    ignoreDefaultArgs: [
      '--disable-background-timer-throttling',
      '--disable-backgrounding-occluded-windows',
      '--disable-renderer-backgrounding',
    ],
  });
  onTestFinished(() => real.close());
  const page = await real.newPage();
  await page.evaluateOnNewDocument(noteFrames);
  await page.goto(`${shared.server.url}/demo/broadcast.html?stream=hidden`);
  await page.evaluate(async () => {
    const broadcaster = document.querySelector<HTMLElement & { goLive(): Promise<void> }>(
      'live-broadcaster',
    )!;
    const live = new Promise((resolve) => broadcaster.addEventListener('live-start', resolve));
    await broadcaster.goLive();
    await live;
  });
  // The fake camera's pictures are different from each other: those that are repeated are a few bytes long.
  const isFresh = ({ bytes }: SentFrame) => bytes > 100;
  /** A second, while the page is seen; a camera may begin slowly. */
  let visibleRate = 0;
  for (let window = 0; window < 4 && visibleRate < LEAST_RATE; window++) {
    const seen = await page.evaluate(async () => {
      const { sentFrames } = globalThis as unknown as { sentFrames: SentFrame[] };
      const begin = sentFrames.at(-1)!.time + 1;
      while (sentFrames.at(-1)!.time < begin + 3) await new Promise((resolve) => setTimeout(resolve, 100));
      return sentFrames.filter(({ time }) => time > begin && time <= begin + 3);
    });
    visibleRate = seen.filter(isFresh).length / 3;
  }
  const other = await real.newPage();
  await other.bringToFront();
  await page.waitForFunction(() => document.hidden, { polling: 100 });
  // What the page needs must not hang on chance.
  await (await page.createCDPSession()).send('HeapProfiler.collectGarbage');

  const sent = await page.evaluate(async () => {
    const { sentFrames } = globalThis as unknown as { sentFrames: SentFrame[] };
    const begin = sentFrames.at(-1)!.time;
    const started = performance.now();
    while (sentFrames.at(-1)!.time < begin + 6) await new Promise((resolve) => setTimeout(resolve, 100));
    return {
      frames: sentFrames.filter(({ time }) => time > begin && time <= begin + 6),
      took: (performance.now() - started) / 1000,
      hidden: document.hidden,
    };
  });
  expect(sent.hidden).toBe(true);
  expect(sent.took).toBeLessThan(8);
  // All of the grid, give or take what a busy machine had no time to encode.
  expect(sent.frames.length).toBeGreaterThan(6 * 30 * 0.9);
  const fresh = sent.frames.filter(isFresh);
  console.info(
    `hidden: ${sent.frames.length} frames in 6 s, ${fresh.length} of them new (${visibleRate * 6} while it was seen), took ${sent.took} s`,
  );
  expect(visibleRate).toBeGreaterThanOrEqual(LEAST_RATE);
  expect(fresh.length / 6).toBeGreaterThan(visibleRate * 0.9);
});
