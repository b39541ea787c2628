import { within } from '../../bench/deadline.js';
import { isWebSocket } from '../../helpers/faulty-proxy.js';
import type { Arena } from '../arena.js';
import { fault, type Fault, type Promises } from '../fault.js';
import { lasting, type Span } from '../span.js';
import { outage, silence, type PageStream, type Side } from '../page-stream.js';

const promises: Promises = { recovers: 5, keepsSamples: 'all', seam: 'none' };

const prepare = (arena: Arena): Promise<PageStream> => arena.pages();

function cut(seconds: number, more: Partial<Fault<PageStream>> = {}): Fault {
  return fault<PageStream>({
    name: `viewer-cut-${seconds}s`,
    title: `viewer: network cut, connections refused for ${seconds} s`,
    promises,
    prepare,
    inject: ({ viewer }) => outage(viewer, seconds),
    ...more,
  });
}

/** The browser itself says that there is no network. */
async function offline({ context, page }: Side, seconds: number): Promise<Span> {
  let reaches: boolean | undefined;
  const span = await lasting(
    seconds,
    async () => {
      await context.setOffline(true);
      reaches = await page.evaluate(() =>
        fetch('/healthz', { cache: 'no-store' }).then(
          () => true,
          () => navigator.onLine,
        ),
      );
    },
    () => context.setOffline(false),
  );
  if (reaches) throw new Error('the page reached the server although its browser was offline');
  return span;
}

/** Runs in a page. Stopping it tells the longest time in which none of the page's timers went off, milliseconds. */
function watchTimers(): { stop(): Promise<number> } {
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
 * As a browser does with a tab that nobody looked at for long: nothing runs in it. By its debugger, since a page that Playwright
 * drives counts as looked at, and does not freeze when DevTools tells it to.
 */
async function freeze({ context, page }: Side, seconds: number): Promise<Span> {
  const session = await context.newCDPSession(page);
  const watch = await page.evaluateHandle(watchTimers);
  const tell = (type: string): Promise<unknown> =>
    page.evaluate((name) => document.dispatchEvent(new Event(name)), type);
  try {
    await session.send('Debugger.enable');
    const span = await lasting(
      seconds,
      async () => {
        await tell('freeze');
        const paused = new Promise<void>((resolve) => session.once('Debugger.paused', () => resolve()));
        await session.send('Debugger.pause');
        await within(seconds, 'the sleep of the page', paused);
      },
      async () => {
        await session.send('Debugger.resume');
        await tell('resume');
      },
    );
    const slept = await watch.evaluate((timers) => timers.stop());
    if (slept < seconds * 900) throw new Error(`the page slept for ${Math.round(slept)} ms at most`);
    return span;
  } finally {
    await session.detach();
  }
}

/** What happens to the pages of those who broadcast and watch, and to a viewer's network. */
export const PAGES: readonly Fault[] = [
  cut(1, { isLeftOut: true }),
  cut(5),
  fault<PageStream>({
    name: 'viewer-stall',
    title: 'viewer: silence for 5 s, connections stay open',
    times: 2,
    promises,
    prepare,
    inject: ({ viewer }) => silence(viewer, 5),
  }),
  fault<PageStream>({
    name: 'viewer-idle-close',
    title: 'viewer: a proxy closes idle WebSockets after 1 s, for 5 s',
    times: 2,
    promises,
    prepare,
    inject: async ({ viewer: { proxy } }) => {
      const { idle } = proxy.counts;
      const span = await lasting(
        5,
        () => proxy.closeIdle(1000, { filter: isWebSocket }),
        () => proxy.heal(),
      );
      if (proxy.counts.idle === idle) throw new Error('no WebSocket of the viewer was ever idle');
      return span;
    },
  }),
  fault<PageStream>({
    name: 'viewer-offline',
    title: 'viewer: the browser is offline for 5 s',
    times: 2,
    promises,
    prepare,
    inject: ({ viewer }) => offline(viewer, 5),
  }),
  fault<PageStream>({
    name: 'viewer-frozen',
    title: 'viewer: the tab sleeps for 5 s',
    times: 2,
    promises,
    prepare,
    inject: ({ viewer }) => freeze(viewer, 5),
  }),
  fault<PageStream>({
    name: 'publisher-offline',
    title: 'publisher: the browser is offline for 5 s',
    times: 2,
    promises,
    prepare,
    inject: ({ broadcaster }) => offline(broadcaster, 5),
  }),
  fault<PageStream>({
    name: 'publisher-frozen',
    title: 'publisher: the tab sleeps for 5 s',
    times: 2,
    promises,
    prepare,
    inject: ({ broadcaster }) => freeze(broadcaster, 5),
  }),
];
