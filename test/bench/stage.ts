import type { Browser, JSHandle, Page } from 'playwright-core';
import { collectErrors, openBroadcaster, openViewer } from '../helpers/pages.js';
import { within } from './deadline.js';
import type { Road } from './roads/road.js';

/** Longest that pages may take to open, to show a first frame or to close, seconds. */
const LONGEST = 60;

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
    const moments = [await watchPress(this.#broadcaster), await watchFrame(this.#viewer)];
    await this.#broadcaster.getByRole('button', { name: 'Go live' }).click();
    const [from = NaN, to = NaN] = await this.#all(moments);
    return (to - from) / 1000;
  }

  /** The viewer leaves and another comes, to a stream that is live. Resolves when it sees something. */
  async changeViewer(): Promise<void> {
    await this.#viewer.close();
    await this.#openViewer();
    await this.#all([await watchFrame(this.#viewer)]);
  }

  /** An error that says what the pages, and what lies behind them, complained about. */
  failure(message: string, cause?: unknown): Error {
    const problems = [...this.#errors.flat(), ...this.#road.problems()];
    return new Error([`${this.#road.name}: ${message}`, ...problems].join('\n'), { cause });
  }

  async #all(moments: Moment[]): Promise<number[]> {
    const times = Promise.all(moments.map((moment) => moment.evaluate(({ time }) => time)));
    try {
      return await within(LONGEST, 'the first frame', times);
    } catch (error) {
      // It will reject once more when the pages close and nobody listens.
      times.catch(() => {});
      throw this.failure((error as Error).message, error);
    }
  }

  async #open(): Promise<void> {
    await this.#openViewer();
    this.#broadcaster = await openBroadcaster(this.#browser, this.#road.url, this.#streamId);
    this.#errors.push(collectErrors(this.#broadcaster));
    await this.#road.waits(this.#viewer);
  }

  async #openViewer(): Promise<void> {
    this.#viewer = await openViewer(this.#browser, this.#road.url, this.#streamId);
    this.#errors.push(collectErrors(this.#viewer));
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
