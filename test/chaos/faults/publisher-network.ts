import { setTimeout as delay } from 'node:timers/promises';
import { isWebSocket } from '../../helpers/faulty-proxy.js';
import type { Arena } from '../arena.js';
import { fault, type Fault, type Promises } from '../fault.js';
import type { PageStream } from '../page-stream.js';

/** All of it lies within what the publisher keeps (30 s, 32 MiB): nothing is lost, and nobody sees a seam. */
const promises: Promises = { recovers: 5, keepsSamples: true, seam: 'none' };

const prepare = (arena: Arena): Promise<PageStream> => arena.pages();

/** Bytes a second: less than the page's video takes at its usual bit rate. */
const NARROW = 150_000;

function cut(seconds: number, more: Partial<Fault<PageStream>> = {}): Fault {
  return fault<PageStream>({
    name: `publisher-cut-${seconds}s`,
    title: `publisher: network cut, connections refused for ${seconds} s`,
    promises,
    prepare,
    inject: async ({ broadcaster }) => {
      await broadcaster.proxy.outage(seconds * 1000);
      return Date.now();
    },
    ...more,
  });
}

function stall(seconds: number, more: Partial<Fault<PageStream>> = {}): Fault {
  return fault<PageStream>({
    name: `publisher-stall-${seconds}s`,
    title: `publisher: silence for ${seconds} s, connections stay open`,
    promises,
    prepare,
    inject: async ({ broadcaster: { proxy } }) => {
      proxy.stall();
      await delay(seconds * 1000);
      proxy.heal();
      return Date.now();
    },
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
function closed(code: number, meaning: string): Fault {
  return fault<PageStream>({
    name: `publisher-closed-${code}`,
    title: `publisher: the server's front closes with ${code}, ${meaning}, and answers 503 for 2 s`,
    promises,
    prepare,
    inject: async ({ broadcaster: { proxy } }) => {
      const connections = proxy.connections(isWebSocket);
      if (connections.length === 0) throw new Error('the publisher has no WebSocket');
      proxy.answer('503 Service Unavailable', { filter: isWebSocket });
      for (const connection of connections) {
        connection.inject(closeFrame(code));
        connection.cut('end');
      }
      await delay(2000);
      proxy.heal();
      return Date.now();
    },
  });
}

/** What lies between a publisher and the server. */
export const PUBLISHER_NETWORK: readonly Fault[] = [
  cut(1),
  cut(5),
  cut(20, { times: 1, isLong: true }),
  stall(5),
  stall(15, { times: 1, isLong: true }),
  fault<PageStream>({
    name: 'publisher-delay',
    title: 'publisher: 0.4 s of delay each way, for 5 s',
    promises,
    prepare,
    inject: async ({ broadcaster: { proxy } }) => {
      proxy.delay(400);
      await delay(5000);
      proxy.heal();
      return Date.now();
    },
  }),
  fault<PageStream>({
    name: 'publisher-throttle',
    title: `publisher: ${NARROW / 1000} kB/s for 5 s`,
    promises,
    prepare,
    inject: async ({ broadcaster: { proxy } }) => {
      proxy.throttle(NARROW, { direction: 'up' });
      await delay(5000);
      proxy.heal();
      return Date.now();
    },
  }),
  fault<PageStream>({
    name: 'publisher-closed',
    title: 'publisher: a proxy closes the connection in good order',
    promises,
    prepare,
    inject: ({ broadcaster: { proxy } }) => {
      proxy.cut({ kind: 'end', filter: isWebSocket });
      return Promise.resolve(Date.now());
    },
  }),
  closed(1012, 'restarts'),
  closed(1013, 'try again later'),
  fault<PageStream>({
    name: 'publisher-gateway',
    title: "publisher: the server's front answers 502 for 3 s",
    promises,
    prepare,
    inject: async ({ broadcaster: { proxy } }) => {
      proxy.answer('502 Bad Gateway');
      proxy.cut();
      await delay(3000);
      proxy.heal();
      return Date.now();
    },
  }),
];
