import { isWebSocket } from '../../helpers/faulty-proxy.js';
import type { Arena } from '../arena.js';
import { fault, type Fault, type Promises } from '../fault.js';
import { lasting, type Span } from '../span.js';
import { freeze, jumpClock, outage, silence, type PageStream, type Side } from '../page-stream.js';

const promises: Promises = { recovers: 5, keepsSamples: 'all', seam: 'none' };

/** To a viewer whose own network is gone. */
const viewersPromises: Promises = { ...promises, reloads: true };

const prepare = (arena: Arena): Promise<PageStream> => arena.pages();

function cut(seconds: number, more: Partial<Fault<PageStream>> = {}): Fault {
  return fault<PageStream>({
    name: `viewer-cut-${seconds}s`,
    title: `viewer: network cut, connections refused for ${seconds} s`,
    promises: viewersPromises,
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

/** What happens to the pages of those who broadcast and watch, and to a viewer's network. */
export const PAGES: readonly Fault[] = [
  cut(1, { isLeftOut: true }),
  cut(5),
  fault<PageStream>({
    name: 'viewer-stall',
    title: 'viewer: silence for 5 s, connections stay open',
    times: 2,
    promises: viewersPromises,
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
    promises: viewersPromises,
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
    name: 'clock-jump',
    title: "pages: both machines' clocks are an hour ahead for 5 s",
    times: 2,
    promises: { keepsSamples: 'all', seam: 'none' },
    prepare,
    inject: ({ broadcaster, viewer }) => jumpClock([broadcaster, viewer], 3_600_000, 5),
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
