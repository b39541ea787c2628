import { setTimeout as delay } from 'node:timers/promises';
import { isWebSocket } from '../../helpers/faulty-proxy.js';
import type { Arena } from '../arena.js';
import { fault, type Fault, type Promises } from '../fault.js';
import type { PageStream, Side } from '../page-stream.js';

const promises: Promises = { recovers: 5, keepsSamples: true, seam: 'none' };

const prepare = (arena: Arena): Promise<PageStream> => arena.pages();

function cut(seconds: number): Fault {
  return fault<PageStream>({
    name: `viewer-cut-${seconds}s`,
    title: `viewer: network cut, connections refused for ${seconds} s`,
    promises,
    prepare,
    inject: async ({ viewer }) => {
      await viewer.proxy.outage(seconds * 1000);
      return Date.now();
    },
  });
}

/** The browser itself says that there is no network. */
async function offline({ context }: Side, seconds: number): Promise<number> {
  await context.setOffline(true);
  await delay(seconds * 1000);
  await context.setOffline(false);
  return Date.now();
}

/** As a browser does with a tab that nobody looked at for long. */
async function freeze({ context, page }: Side, seconds: number): Promise<number> {
  const session = await context.newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  await delay(seconds * 1000);
  await session.send('Page.setWebLifecycleState', { state: 'active' });
  await session.detach();
  return Date.now();
}

/** What happens to the pages of those who broadcast and watch, and to a viewer's network. */
export const PAGES: readonly Fault[] = [
  cut(1),
  cut(5),
  fault<PageStream>({
    name: 'viewer-stall',
    title: 'viewer: silence for 5 s, connections stay open',
    promises,
    prepare,
    inject: async ({ viewer: { proxy } }) => {
      proxy.stall();
      await delay(5000);
      proxy.heal();
      return Date.now();
    },
  }),
  fault<PageStream>({
    name: 'viewer-idle-close',
    title: 'viewer: a proxy closes idle WebSockets after 1 s, for 5 s',
    promises,
    prepare,
    inject: async ({ viewer: { proxy } }) => {
      const { idle } = proxy.counts;
      proxy.closeIdle(1000, { filter: isWebSocket });
      await delay(5000);
      proxy.heal();
      if (proxy.counts.idle === idle) throw new Error('no WebSocket of the viewer was ever idle');
      return Date.now();
    },
  }),
  fault<PageStream>({
    name: 'viewer-offline',
    title: 'viewer: the browser is offline for 5 s',
    promises,
    prepare,
    inject: ({ viewer }) => offline(viewer, 5),
  }),
  fault<PageStream>({
    name: 'viewer-frozen',
    title: 'viewer: the tab sleeps for 5 s',
    promises,
    prepare,
    inject: ({ viewer }) => freeze(viewer, 5),
  }),
  fault<PageStream>({
    name: 'publisher-offline',
    title: 'publisher: the browser is offline for 5 s',
    promises,
    prepare,
    inject: ({ broadcaster }) => offline(broadcaster, 5),
  }),
  fault<PageStream>({
    name: 'publisher-frozen',
    title: 'publisher: the tab sleeps for 5 s',
    promises,
    prepare,
    inject: ({ broadcaster }) => freeze(broadcaster, 5),
  }),
];
