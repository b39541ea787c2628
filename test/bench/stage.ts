import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, JSHandle, Page } from 'playwright-core';
import { installClockCamera } from '../helpers/clock-camera.js';
import { collectErrors, SMALL_VIEWPORT } from '../helpers/pages.js';
import { within } from './deadline.js';
import type { EmptyPage, Road } from './roads/road.js';

/** Longest that pages may take to open, to show a first frame or to close, seconds. */
const LONGEST = 60;

const CAMERA = { width: 640, height: 360, frameRate: 30 };

/** What opening a page leaves to be done, by the browser's other processes too, is done by then, ms. */
const SETTLE = 1500;

/** A time to come, held in a page. Not the promise itself: Playwright would wait for it. */
type Moment = JSHandle<{ time: Promise<number> }>;

let streams = 0;

/** Both ends of one stream. */
export class Stage {
  readonly #road: Road;
  readonly #browser: Browser;
  readonly #streamId: string;
  readonly #errors: string[][] = [];
  #broadcaster!: Page;
  #viewer!: Page;

  private constructor(road: Road, browser: Browser) {
    this.#road = road;
    this.#browser = browser;
    this.#streamId = `bench-${++streams}`;
  }

  /** A new stream from its opening, when a viewer waits and nobody has pressed Go live, to its end, whatever happens. */
  static async with<T>(road: Road, browser: Browser, use: (stage: Stage) => Promise<T>): Promise<T> {
    const stage = new Stage(road, browser);
    const close = () => within(LONGEST, `${road.name}: closing the pages`, stage.#close());
    let result: T;
    try {
      await within(LONGEST, `${road.name}: opening the pages`, stage.#open());
      result = await use(stage);
    } catch (error) {
      // What went wrong first is what matters.
      await close().catch(() => {});
      throw error;
    }
    await close();
    return result;
  }

  /** The one viewer's page. */
  get viewer(): Page {
    return this.#viewer;
  }

  /**
   * Presses Go live and waits for the first frame at the viewer who waited.
   * @returns seconds from the one to the other. Both pages are on this machine and have one clock.
   * @throws Error with what the pages complained about, if no frame comes
   */
  async goLive(): Promise<number> {
    await delay(SETTLE);
    const moments = [await watchPress(this.#broadcaster), await watchFrame(this.#viewer)];
    await this.#broadcaster.getByRole('button', { name: 'Go live' }).click();
    const [from = NaN, to = NaN] = await this.#all(moments);
    return (to - from) / 1000;
  }

  /** The viewer leaves: to show it pictures takes of the machine what others need. */
  async dismissViewer(): Promise<void> {
    await this.#viewer.goto('about:blank');
  }

  /** The viewer leaves and another comes, to a stream that is live. Resolves when it sees something. */
  async changeViewer(): Promise<void> {
    await this.#viewer.close();
    await this.#openViewer();
    await this.#all([await watchFrame(this.#viewer)]);
  }

  /**
   * A viewer comes to a stream that is live, on a page that has everything but the player, and leaves again.
   * @returns seconds from the player's insertion to its first frame
   */
  async join(): Promise<number> {
    const page = await this.#newPage();
    try {
      await this.#road.openEmpty(page);
      await delay(SETTLE);
      const time = page.evaluate(async (streamId) => {
        const start = performance.now();
        const video = await (window as unknown as EmptyPage).insertPlayer(streamId);
        return new Promise<number>((resolve) => {
          video.requestVideoFrameCallback(() => resolve(performance.now() - start));
        });
      }, this.#streamId);
      return (await this.#inTime(time)) / 1000;
    } finally {
      await page.close();
    }
  }

  /** An error that says what the pages, and what lies behind them, complained about. */
  failure(message: string, cause?: unknown): Error {
    const problems = [...this.#errors.flat(), ...this.#road.problems()];
    return new Error([`${this.#road.name}: ${message}`, ...problems].join('\n'), { cause });
  }

  #all(moments: Moment[]): Promise<number[]> {
    return this.#inTime(Promise.all(moments.map((moment) => moment.evaluate(({ time }) => time))));
  }

  async #inTime<T>(firstFrame: Promise<T>): Promise<T> {
    try {
      return await within(LONGEST, 'the first frame', firstFrame);
    } catch (error) {
      // It will reject once more when the pages close and nobody listens.
      firstFrame.catch(() => {});
      throw this.failure((error as Error).message, error);
    }
  }

  async #open(): Promise<void> {
    await this.#openViewer();
    this.#broadcaster = await this.#newPage();
    await this.#broadcaster.addInitScript(installClockCamera, CAMERA);
    await this.#broadcaster.goto(`${this.#road.url}/demo/broadcast.html?stream=${this.#streamId}`);
    await this.#road.waits(this.#viewer);
  }

  async #openViewer(): Promise<void> {
    this.#viewer = await this.#newPage();
    await this.#viewer.goto(`${this.#road.url}/demo/watch.html?stream=${this.#streamId}`);
  }

  async #newPage(): Promise<Page> {
    const page = await this.#browser.newPage({ viewport: SMALL_VIEWPORT });
    this.#errors.push(collectErrors(page));
    await this.#road.prepare(page);
    return page;
  }

  async #close(): Promise<void> {
    await this.#viewer?.close();
    if (!this.#broadcaster) return;
    await this.#road.endStream(this.#broadcaster);
    await this.#broadcaster.close();
  }
}

function watchPress(broadcaster: Page): Promise<Moment> {
  return broadcaster.evaluateHandle(() => ({
    time: new Promise<number>((resolve) => {
      addEventListener('click', () => resolve(Date.now()), { capture: true, once: true });
    }),
  }));
}

function watchFrame(viewer: Page): Promise<Moment> {
  return viewer.locator('video').evaluateHandle((video: HTMLVideoElement) => ({
    time: new Promise<number>((resolve) => {
      video.requestVideoFrameCallback(() => resolve(Date.now()));
    }),
  }));
}
