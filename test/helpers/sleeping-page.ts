import type { CDPSession, JSHandle, Page } from 'playwright-core';
import { within } from '../bench/deadline.js';

/** Until a page sleeps that was told to, seconds. */
const FALLING_ASLEEP = 5;

interface Timers {
  stop(): Promise<number>;
}

/** Runs in a page. Stopping it tells the longest time in which none of the page's timers went off, milliseconds. */
function watchTimers(): Timers {
  let longest = 0;
  let last = performance.now();
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(look, 50);
  return {
    async stop() {
      await new Promise((resolve) => setTimeout(resolve, 100));
      clearInterval(timer);
      look();
      return longest;
    },
  };
}

/**
 * A page with which is done what a browser does with a tab that nobody looked at for long: nothing runs in it. By its debugger, since a
 * page that Playwright drives counts as looked at, and does not freeze when DevTools tells it to.
 */
export class SleepingPage {
  readonly #since = performance.now();
  #slept = 0;

  private constructor(
    private readonly page: Page,
    private readonly session: CDPSession,
    private readonly timers: JSHandle<Timers>,
  ) {}

  /** Resolves when it sleeps. */
  static async begin(page: Page): Promise<SleepingPage> {
    const session = await page.context().newCDPSession(page);
    const timers = await page.evaluateHandle(watchTimers);
    await session.send('Debugger.enable');
    await tell(page, 'freeze');
    const paused = new Promise<void>((resolve) => session.once('Debugger.paused', () => resolve()));
    await session.send('Debugger.pause');
    await within(FALLING_ASLEEP, 'the sleep of the page', paused);
    return new SleepingPage(page, session, timers);
  }

  /** Resolves when it is awake. */
  async wake(): Promise<void> {
    this.#slept = performance.now() - this.#since;
    await this.session.send('Debugger.resume');
    await tell(this.page, 'resume');
  }

  /** After it is awake. @throws Error if it did not sleep */
  async check(): Promise<void> {
    const longest = await this.timers.evaluate((timers) => timers.stop());
    await this.session.detach();
    if (longest >= this.#slept * 0.9) return;
    throw new Error(`the page slept for ${Math.round(longest)} of ${Math.round(this.#slept)} ms at most`);
  }
}

/** Of the Page Lifecycle. */
function tell(page: Page, type: 'freeze' | 'resume'): Promise<unknown> {
  return page.evaluate((name) => document.dispatchEvent(new Event(name)), type);
}
