import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { within } from '../bench/deadline.js';
import { FaultyProxy } from '../helpers/faulty-proxy.js';
import { SleepingPage } from '../helpers/sleeping-page.js';
import { collectErrors, goLive, openBroadcaster, SMALL_VIEWPORT } from '../helpers/pages.js';
import { digest } from './digest.js';
import { lasting, type Span } from './span.js';
import { noteEncoded, noteShown, type BroadcasterNotes, type ViewerNotes } from './page-scripts.js';
import { SampleWatcher } from './sample-watcher.js';
import { verdictOf, type Target, type Verdict } from './target.js';
import { TrackLedgers } from './track-ledgers.js';

/** Until the viewer sees something, seconds. */
const START = 30;

/** How often it is looked whether something happened, ms. */
const POLL = 50;

/** A page of somebody who broadcasts or watches, behind a network of its own. */
export interface Side {
  context: BrowserContext;
  page: Page;
  proxy: FaultyProxy;
}

/** Everything is cut, and nothing new is taken, for so many seconds. @throws Error when there was nothing to cut */
export async function outage({ proxy }: Side, seconds: number): Promise<Span> {
  const { cut } = proxy.counts;
  const over = proxy.outage(seconds * 1000);
  const from = Date.now();
  const hits = proxy.counts.cut - cut;
  await over;
  if (hits === 0) throw new Error('no connection was open that could be cut');
  return { from, to: Date.now() };
}

/** Nothing passes for so many seconds, and connections stay open. @throws Error when something passed */
export async function silence({ proxy }: Side, seconds: number): Promise<Span> {
  const open = proxy.connections();
  const passed = (): number => open.reduce((sum, each) => sum + each.bytes('up') + each.bytes('down'), 0);
  let before = 0;
  let after = 0;
  const span = await lasting(
    seconds,
    () => {
      proxy.stall();
      before = passed();
    },
    () => {
      after = passed();
      proxy.heal();
    },
  );
  if (open.length === 0) throw new Error('no connection was open that could fall silent');
  if (after > before) throw new Error(`${after - before} bytes passed all the same`);
  return span;
}

/** The tab sleeps for so many seconds. */
export async function freeze({ page }: Side, seconds: number): Promise<Span> {
  let asleep: SleepingPage | undefined;
  const span = await lasting(
    seconds,
    async () => {
      asleep = await SleepingPage.begin(page);
    },
    async () => asleep!.wake(),
  );
  await asleep!.check();
  return span;
}

/** The pages' time of day is another one for so many seconds; nothing else of their time is. @throws Error when it is not */
export async function jumpClock(sides: readonly Side[], by: number, seconds: number): Promise<Span> {
  const jump = (page: Page, ms: number): Promise<number> =>
    page.evaluate((offset) => {
      const { now } = Date;
      const before = now();
      Date.now = () => now() + offset;
      return Date.now() - before;
    }, ms);
  return lasting(
    seconds,
    async () => {
      for (const { page } of sides) {
        if ((await jump(page, by)) < by) throw new Error("the page's clock cannot be set");
      }
    },
    () => Promise.all(sides.map(({ page }) => jump(page, -by))),
  );
}

/** What a gateway answered in the server's place meanwhile. @throws Error when it was nothing */
export async function unavailable({ proxy }: Side, injected: Promise<Span>): Promise<Span> {
  const { answered } = proxy.counts;
  const span = await injected;
  if (proxy.counts.answered === answered) throw new Error('nobody asked while the server was away');
  return span;
}

/**
 * The demo's pages in a real browser: a broadcaster, whose camera shows the time, and a viewer. What the encoder gave is
 * compared with what a watcher without a browser gets; that the viewer goes on is read off its screen.
 */
export class PageStream implements Target {
  readonly kind = 'frames';
  readonly #ledgers = new TrackLedgers(true);
  readonly #watcher: SampleWatcher;
  /** That the viewer's player had begun at the last look. */
  #mediaSources: number | undefined;
  /** In the sound as it was encoded: before the last look, and since. */
  #holes = { before: 0, now: 0 };

  private constructor(
    readonly name: string,
    url: string,
    readonly broadcaster: Side,
    readonly viewer: Side,
    private readonly errors: string[],
  ) {
    this.#watcher = new SampleWatcher(url, name, this.#ledgers);
  }

  /** Resolves when the viewer sees something. @param url of the server, without a slash at the end */
  static async open(browser: Browser, url: string, name: string): Promise<PageStream> {
    const open: (() => Promise<unknown>)[] = [];
    const side = async (path: string, script: string): Promise<Side> => {
      const proxy = await FaultyProxy.start(url);
      open.push(() => proxy.close());
      const context = await browser.newContext({ viewport: SMALL_VIEWPORT });
      open.push(() => context.close());
      await context.addInitScript(script);
      const page =
        path === 'broadcast'
          ? await openBroadcaster(context, proxy.url, name)
          : await context.newPage().then(async (viewer) => {
              await viewer.goto(`${proxy.url}/demo/watch.html?stream=${name}`);
              return viewer;
            });
      return { context, page, proxy };
    };
    try {
      const broadcaster = await side('broadcast', `(${noteEncoded.toString()})(${digest.toString()})`);
      const errors = collectErrors(broadcaster.page);
      const viewer = await side('watch', `(${noteShown.toString()})()`);
      const stream = new PageStream(name, url, broadcaster, viewer, errors);
      open.push(() => Promise.resolve(stream.#watcher.close()));
      await within(START, 'Go live', goLive(broadcaster.page));
      await within(START, 'the first frame at the viewer', stream.recovered(0));
      return stream;
    } catch (error) {
      await Promise.all(open.map((close) => close()));
      throw error;
    }
  }

  async recovered(drawnFrom: number, shownFrom = 0): Promise<number> {
    for (;;) {
      const shown = await this.viewer.page.evaluate(
        ([from, since]) =>
          (window as unknown as ViewerNotes).shownFrames.find(
            (frame) => frame.drawn >= from && frame.shown >= since,
          )?.shown ?? 0,
        [drawnFrom, shownFrom] as const,
      );
      if (shown > 0) return shown;
      await this.#checkLive();
      await delay(POLL);
    }
  }

  async settled(patience: number): Promise<Verdict[]> {
    const now = Date.now();
    const deadline = now + patience * 1000;
    for (;;) {
      await this.#fetchNotes();
      if (this.#ledgers.isPast(now) || Date.now() > deadline) break;
      await delay(POLL);
    }
    if (this.#ledgers.encodedCount === 0) throw new Error('the page does not say what it encodes');
    const breaks = this.#watcher.takeBreaks();
    // What the microphone did not give cannot follow.
    const gaps = Math.max(0, breaks.gaps - this.#holes.before - this.#holes.now);
    this.#holes = { before: this.#holes.now, now: 0 };
    const reloads = await this.#newReloads();
    return [{ ...verdictOf(this, this.#ledgers.balance(now), { ...breaks, gaps }), reloads }];
  }

  async close(): Promise<void> {
    this.#watcher.close();
    await Promise.all(
      [this.broadcaster, this.viewer].map(async ({ context, proxy }) => {
        await context.close();
        await proxy.close();
      }),
    );
  }

  /** Since the last look; before the first one the player loads as it begins. */
  async #newReloads(): Promise<number> {
    const sources = await this.viewer.page.evaluate(() => (window as unknown as ViewerNotes).mediaSources);
    const reloads = sources - (this.#mediaSources ?? sources);
    this.#mediaSources = sources;
    return reloads;
  }

  async #fetchNotes(): Promise<void> {
    const asked = performance.timeOrigin + performance.now();
    const { samples, holes } = await this.broadcaster.page.evaluate(() => {
      const notes = window as unknown as BroadcasterNotes;
      const taken = { samples: notes.encodedSamples.splice(0), holes: notes.soundHoles };
      notes.soundHoles = 0;
      return taken;
    });
    for (const { kind, ...sample } of samples) this.#ledgers.encode(kind, sample);
    this.#ledgers.knownUntil = asked;
    this.#holes.now += holes;
  }

  /** @throws Error when the broadcaster has given up */
  async #checkLive(): Promise<void> {
    const state = await this.broadcaster.page
      .locator('live-broadcaster')
      .evaluate((element) => (element as unknown as { state: string }).state);
    if (state !== 'preview' && state !== 'idle') return;
    throw new Error(`the broadcaster's page is "${state}": ${this.errors.slice(-3).join('; ')}`);
  }
}
