import { isWebSocket } from '../../helpers/faulty-proxy.js';
import type { Arena } from '../arena.js';
import { fault, type Fault, type Promises } from '../fault.js';
import { atOnce, lasting } from '../span.js';
import { outage, type PageStream } from '../page-stream.js';

/** All of it lies within what the publisher keeps (30 s, 32 MiB): nothing is lost, and nobody sees a seam. */
const promises: Promises = { recovers: 5, keepsSamples: 'all', seam: 'none' };

const prepare = (arena: Arena): Promise<PageStream> => arena.pages();

/** Bytes a second: less than the page's video takes at its usual bit rate. */
const NARROW = 150_000;

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
    inject: ({ broadcaster: { proxy } }) =>
      lasting(
        seconds,
        () => proxy.stall(),
        () => proxy.heal(),
      ),
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
    inject: ({ broadcaster: { proxy } }) => {
      const connections = proxy.connections(isWebSocket);
      if (connections.length === 0) throw new Error('the publisher has no WebSocket');
      return lasting(
        2,
        () => {
          proxy.answer('503 Service Unavailable', { filter: isWebSocket });
          for (const connection of connections) {
            connection.inject(closeFrame(code));
            connection.cut('end');
          }
        },
        () => proxy.heal(),
      );
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
    inject: ({ broadcaster: { proxy } }) =>
      lasting(
        5,
        () => proxy.delay(400),
        () => proxy.heal(),
      ),
  }),
  fault<PageStream>({
    name: 'publisher-throttle',
    title: `publisher: ${NARROW / 1000} kB/s for 5 s`,
    promises,
    prepare,
    inject: ({ broadcaster: { proxy } }) =>
      lasting(
        5,
        () => proxy.throttle(NARROW, { direction: 'up' }),
        () => proxy.heal(),
      ),
  }),
  fault<PageStream>({
    name: 'publisher-closed',
    title: 'publisher: a proxy closes the connection in good order',
    promises,
    prepare,
    inject: ({ broadcaster: { proxy } }) => atOnce(() => proxy.cut({ kind: 'end', filter: isWebSocket })),
  }),
  closed(1012, 'restarts'),
  closed(1013, 'try again later', { isLeftOut: true }),
  fault<PageStream>({
    name: 'publisher-gateway',
    title: "publisher: the server's front answers 502 for 3 s",
    promises,
    prepare,
    inject: ({ broadcaster: { proxy } }) =>
      lasting(
        3,
        () => {
          proxy.answer('502 Bad Gateway');
          proxy.cut();
        },
        () => proxy.heal(),
      ),
  }),
];
