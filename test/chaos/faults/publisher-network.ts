import { isWebSocket, type FaultyProxy, type ProxiedConnection } from '../../helpers/faulty-proxy.js';
import type { Arena } from '../arena.js';
import { fault, type Fault, type Promises } from '../fault.js';
import { atOnce, lasting } from '../span.js';
import { freeze, outage, silence, unavailable, type PageStream } from '../page-stream.js';

/** All of it lies within what the publisher keeps (30 s, 32 MiB): nothing is lost, and nobody sees a seam. */
const promises: Promises = { recovers: 5, keepsSamples: 'all', seam: 'none' };

const prepare = (arena: Arena): Promise<PageStream> => arena.pages();

/** Of what the page sends, how much passes. */
const NARROW = 0.5;

/** How long that is measured, seconds: some segments' worth, since key frames are large. */
const MEASURE = 2;

/** Each way, ms. */
const DELAY = 400;

/** The connection over which the page publishes: the newest, where it has come back and the old one is not gone yet. */
function publishing(proxy: FaultyProxy): ProxiedConnection {
  const connection = proxy.connections(isWebSocket).at(-1);
  if (!connection) throw new Error('the publisher has no WebSocket');
  return connection;
}

/** Nothing passes over the connection any more, in either direction, and nobody is told: it is found by who waits. */
function leadNowhere(proxy: FaultyProxy): void {
  const old = publishing(proxy);
  proxy.stall({ filter: (connection) => connection === old });
}

function cut(seconds: number, more: Partial<Fault<PageStream>> = {}): Fault {
  return fault<PageStream>({
    name: `publisher-cut-${seconds}s`,
    title: `publisher: network cut, connections refused for ${seconds} s`,
    promises,
    prepare,
    inject: ({ broadcaster }) => outage(broadcaster, seconds),
    ...more,
  });
}

function stall(seconds: number, more: Partial<Fault<PageStream>> = {}): Fault {
  return fault<PageStream>({
    name: `publisher-stall-${seconds}s`,
    title: `publisher: silence for ${seconds} s, connections stay open`,
    promises,
    prepare,
    inject: ({ broadcaster }) => silence(broadcaster, seconds),
    ...more,
  });
}

/** A WebSocket's close frame as a server sends it (RFC 6455 §5.5.1). */
function closeFrame(code: number): Buffer {
  const frame = Buffer.from([0x88, 2, 0, 0]);
  frame.writeUInt16BE(code, 2);
  return frame;
}

/** What stands before the server closes the WebSocket with a code, and takes no new ones for a while. */
function closed(code: number, meaning: string, more: Partial<Fault<PageStream>> = {}): Fault {
  return fault<PageStream>({
    name: `publisher-closed-${code}`,
    title: `publisher: the server's front closes with ${code}, ${meaning}, and answers 503 for 2 s`,
    promises,
    prepare,
    inject: ({ broadcaster }) => {
      const { proxy } = broadcaster;
      const connection = publishing(proxy);
      const away = lasting(
        2,
        () => {
          proxy.answer('503 Service Unavailable', { filter: isWebSocket });
          connection.inject(closeFrame(code));
          connection.cut('end');
        },
        () => proxy.heal(),
      );
      return unavailable(broadcaster, away);
    },
    ...more,
  });
}

/** What lies between a publisher and the server. */
export const PUBLISHER_NETWORK: readonly Fault[] = [
  cut(1),
  cut(5),
  cut(20, { times: 1, isLeftOut: true }),
  stall(5),
  stall(15, { times: 1, isLeftOut: true }),
  fault<PageStream>({
    name: 'publisher-delay',
    isLeftOut: true,
    title: 'publisher: 0.4 s of delay each way, for 5 s',
    promises,
    prepare,
    inject: async ({ broadcaster: { proxy } }) => {
      let took = 0;
      const span = await lasting(
        5,
        async () => {
          proxy.delay(DELAY);
          const asked = performance.now();
          await fetch(`${proxy.url}/healthz`);
          took = performance.now() - asked;
        },
        () => proxy.heal(),
      );
      if (took < 2 * DELAY) throw new Error(`an answer took ${Math.round(took)} ms all the same`);
      return span;
    },
  }),
  fault<PageStream>({
    name: 'publisher-throttle',
    title: 'publisher: half of what it sends passes, for 5 s',
    promises,
    prepare,
    inject: async ({ broadcaster: { proxy } }) => {
      const connection = publishing(proxy);
      const begin = connection.bytes('up');
      const { from, to } = await lasting(
        MEASURE,
        () => {},
        () => {},
      );
      const rate = ((connection.bytes('up') - begin) / (to - from)) * 1000 * NARROW;
      let waiting = 0;
      const span = await lasting(
        5,
        () => proxy.throttle(rate, { direction: 'up' }),
        () => {
          waiting = connection.waiting('up');
          proxy.heal();
        },
      );
      if (waiting === 0) throw new Error(`all of it passed at ${Math.round(rate)} bytes a second`);
      return span;
    },
  }),
  fault<PageStream>({
    name: 'publisher-closed',
    title: 'publisher: a proxy closes the connection in good order',
    promises,
    prepare,
    inject: ({ broadcaster: { proxy } }) =>
      atOnce(() => {
        if (proxy.cut({ kind: 'end', filter: isWebSocket }) === 0) throw new Error('no WebSocket was open');
      }),
  }),
  closed(1012, 'restarts'),
  closed(1013, 'try again later', { isLeftOut: true }),
  fault<PageStream>({
    name: 'publisher-half-open',
    title: 'publisher: its connection leads nowhere any more, new ones do',
    times: 2,
    promises: { ...promises, recovers: 10 },
    prepare,
    inject: ({ broadcaster: { proxy } }) => atOnce(() => leadNowhere(proxy)),
  }),
  fault<PageStream>({
    name: 'publisher-network-changed',
    title: 'publisher: another network, of which the browser tells, its connection leads nowhere',
    times: 2,
    promises,
    prepare,
    inject: ({ broadcaster: { proxy, page } }) =>
      atOnce(async () => {
        leadNowhere(proxy);
        await page.evaluate(() => {
          const { connection } = navigator as Navigator & { connection?: EventTarget };
          if (!connection) throw new Error('this browser does not tell of networks');
          connection.dispatchEvent(new Event('change'));
        });
      }),
  }),
  fault<PageStream>({
    name: 'publisher-idle-close',
    title: 'publisher: the tab sleeps for 5 s, and a proxy closes what is idle for 1 s',
    times: 2,
    isLeftOut: true,
    promises,
    prepare,
    inject: async ({ broadcaster }) => {
      const { proxy } = broadcaster;
      const { idle } = proxy.counts;
      proxy.closeIdle(1000, { filter: isWebSocket });
      try {
        const span = await freeze(broadcaster, 5);
        if (proxy.counts.idle === idle) throw new Error('no WebSocket of the publisher was ever idle');
        return span;
      } finally {
        proxy.heal();
      }
    },
  }),
  fault<PageStream>({
    name: 'publisher-gateway',
    title: "publisher: the server's front answers 502 for 3 s",
    promises,
    prepare,
    inject: ({ broadcaster }) => {
      const { proxy } = broadcaster;
      const away = lasting(
        3,
        () => {
          proxy.answer('502 Bad Gateway');
          proxy.cut();
        },
        () => proxy.heal(),
      );
      return unavailable(broadcaster, away);
    },
  }),
];
