import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { LivedropError } from '../../../widget/errors.js';
import { Connection, type ConnectionEvents } from '../../../widget/media/connection.js';
import type { RetryOptions } from '../../../widget/media/retry.js';
import { FaultyProxy, isWebSocket, type ProxiedConnection } from '../../helpers/faulty-proxy.js';
import { SocketPeer } from './socket-peer.js';

/** A browser's: an error that nobody listens to does no harm. */
class BrowserWebSocket extends WebSocket {
  constructor(url: string) {
    super(url);
    this.on('error', () => {});
  }
}

describe('Connection', () => {
  let peer: SocketPeer;
  let proxy: FaultyProxy;
  let page: EventTarget;
  let document: EventTarget & { visibilityState: string };
  let network: EventTarget;
  let online: boolean;
  let connection: Connection;
  let isUrgent: boolean;
  let opened: number;
  let lost: { error: LivedropError; retrying: boolean }[];
  let waiting: { test: () => boolean; resolve: () => void }[];

  beforeEach(async () => {
    page = new EventTarget();
    document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
    network = new EventTarget();
    online = true;
    vi.stubGlobal('WebSocket', BrowserWebSocket);
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('document', document);
    vi.stubGlobal('navigator', {
      connection: network,
      get onLine() {
        return online;
      },
    });
    peer = await SocketPeer.listen();
    peer.answer = (message) => {
      if (message.type === 'clock') peer.send({ ...message, time: 0 });
    };
    proxy = await FaultyProxy.start(peer.url);
    opened = 0;
    isUrgent = false;
    lost = [];
    waiting = [];
    make();
  });

  afterEach(async () => {
    connection.close();
    await Promise.all([proxy.close(), peer.close()]);
    vi.unstubAllGlobals();
  });

  const QUICK = { initialDelay: 0.02, maxDelay: 0.02 };

  function make(retry: Partial<RetryOptions> = QUICK, mayReturn = false): void {
    const events: ConnectionEvents = {
      onOpen: () => void opened++,
      onMessage: () => {},
      onLost: (error, retrying) => void lost.push({ error, retrying }),
      mayReturn: () => mayReturn,
      isUrgent: () => isUrgent,
    };
    const { onOpen, onLost } = events;
    events.onOpen = () => {
      onOpen();
      check();
    };
    events.onLost = (...told) => {
      onLost(...told);
      check();
    };
    connection = new Connection(() => proxy.socketUrl, events, { retry });
  }

  function check(): void {
    const due = waiting.filter(({ test }) => test());
    waiting = waiting.filter((one) => !due.includes(one));
    for (const { resolve } of due) resolve();
  }

  const until = (test: () => boolean): Promise<void> =>
    test() ? Promise.resolve() : new Promise((resolve) => waiting.push({ test, resolve }));

  async function open(): Promise<void> {
    connection.open();
    await until(() => opened === 1);
  }

  const goOnline = (): void => {
    online = true;
    page.dispatchEvent(new Event('online'));
  };

  it.each(['502 Bad Gateway', '503 Service Unavailable', '429 Too Many Requests'])(
    'comes back after a gateway that answers %s',
    async (status) => {
      proxy.answer(status);
      connection.open();
      await until(() => lost.length === 3);
      expect(lost.every(({ retrying }) => retrying)).toBe(true);
      proxy.heal();
      await until(() => opened === 1);
    },
  );

  it.each(['reset', 'end'] as const)(
    'comes back after a proxy that cut it for idleness by %s',
    async (kind) => {
      proxy.closeIdle(60, { kind });
      await open();
      await until(() => opened === 3);
      expect(proxy.counts.idle).toBeGreaterThanOrEqual(2);
    },
  );

  it('gives up an attempt that hangs, and a connection that is refused, and comes back', async () => {
    await open();
    await proxy.outage(100);
    await until(() => opened === 2);
  });

  it('waits longer and longer for a server that lets in, answers and throws out again', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    make({ initialDelay: 0.02, factor: 3 });
    peer.welcome = { type: 'clock', sent: 0, time: 0 };
    const since = performance.now();
    connection.open();
    for (let count = 1; count <= 3; count++) {
      await until(() => opened === count);
      await vi.waitFor(() => expect(peer.isConnected).toBe(true));
      peer.breakConnection(1006);
    }
    await until(() => opened === 4);
    // 20 + 60 + 180 ms.
    expect(performance.now() - since).toBeGreaterThan(255);
    vi.restoreAllMocks();
  });

  describe('while the browser is offline', () => {
    it('makes no attempts, and the next one as soon as it is online', async () => {
      make({ initialDelay: 0.001, maxDelay: 0.001 });
      await open();
      online = false;
      const before = proxy.counts.connections;
      proxy.cut();
      await until(() => lost.length === 1);
      // Longer than fifty attempts would take.
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(proxy.counts.connections).toBe(before);
      expect(lost).toHaveLength(1);
      goOnline();
      await until(() => opened === 2);
    });

    it('counts no attempt that fails', async () => {
      make({ maxAttempts: 1 });
      online = false;
      void proxy.refuse(60_000);
      connection.open();
      await until(() => lost.length === 1);
      expect(lost[0]!.retrying).toBe(true);
    });
  });

  it('replaces an attempt that began before the network was there', async () => {
    let first: ProxiedConnection | undefined;
    proxy.stall({ filter: (each) => (first ??= each) === each });
    connection.open();
    await proxy.until(() => proxy.counts.websockets === 1);
    goOnline();
    await until(() => opened === 1);
    expect(lost).toHaveLength(1);
  });

  describe.each([
    ['online', () => page.dispatchEvent(new Event('online'))],
    ['pageshow', () => page.dispatchEvent(new Event('pageshow'))],
    ['resume', () => document.dispatchEvent(new Event('resume'))],
    ['visibilitychange', () => document.dispatchEvent(new Event('visibilitychange'))],
    ['change of navigator.connection', () => network.dispatchEvent(new Event('change'))],
  ])('after %s', (_name, happen) => {
    it('does not wait for the rest of a long delay', async () => {
      make({ initialDelay: 3600, maxDelay: 3600 });
      vi.spyOn(Math, 'random').mockReturnValue(0.5);
      await open();
      proxy.cut();
      await until(() => lost.length === 1);
      happen();
      await until(() => opened === 2);
      vi.restoreAllMocks();
    });

    it('asks whether the server is still there, and stays where it is', async () => {
      await open();
      happen();
      await peer.until(() => peer.messages('clock').length === 1);
      expect(connection.isOpen).toBe(true);
      expect(peer.connections).toBe(1);
    });
  });

  it('does nothing when it is hidden', async () => {
    await open();
    document.visibilityState = 'hidden';
    document.dispatchEvent(new Event('visibilitychange'));
    page.dispatchEvent(new Event('online'));
    await peer.until(() => peer.messages('clock').length === 1);
    expect(peer.messages('clock')).toHaveLength(1);
  });

  it('leaves a connection that leads over a network that is gone', async () => {
    await open();
    // The old network swallows everything, the new one does not.
    const [old] = proxy.connections(isWebSocket);
    proxy.stall({ filter: (each) => each === old });
    network.dispatchEvent(new Event('change'));
    await until(() => opened === 2);
    expect(lost[0]!.error.message).toContain('no answer to a probe');
  });

  it('listens to nothing any more when it is closed', async () => {
    await open();
    connection.close();
    page.dispatchEvent(new Event('online'));
    document.dispatchEvent(new Event('resume'));
    expect(peer.connections).toBe(1);
    expect(lost).toEqual([]);
  });

  describe('where the server names a time', () => {
    const refuse = (retryAfter: number): void => {
      const message = { code: 'SERVER_FULL', message: 'full', fatal: true, retryAfter } as const;
      peer.send({ type: 'error', ...message });
      peer.breakConnection(1008);
    };

    it('comes back then, and not before, whatever happens to the network', async () => {
      make({ initialDelay: 0.001, maxDelay: 0.001 }, true);
      await open();
      const since = performance.now();
      refuse(0.4);
      await until(() => lost.length === 1);
      goOnline();
      await until(() => opened === 2);
      expect(performance.now() - since).toBeGreaterThanOrEqual(395);
    });

    it('does not come back where nobody wants it to', async () => {
      await open();
      refuse(0.01);
      await until(() => lost.length === 1);
      expect(lost[0]).toMatchObject({ retrying: false, error: { code: 'SERVER_FULL' } });
    });

    it('does not come back at once to one that is busy, nor with all others', async () => {
      make({ initialDelay: 0.001, maxDelay: 0.001 });
      vi.spyOn(Math, 'random').mockReturnValue(0.8);
      await open();
      const since = performance.now();
      peer.breakConnection(1013);
      await until(() => opened === 2);
      // A second, and a fifth of it.
      expect(performance.now() - since).toBeGreaterThan(1190);
      vi.restoreAllMocks();
    });
  });

  it('waits no longer than two seconds while media waits', async () => {
    make({ initialDelay: 3600, maxDelay: 3600 });
    vi.spyOn(Math, 'random').mockReturnValue(0.05);
    isUrgent = true;
    await open();
    proxy.cut();
    // A twentieth of them, not of an hour.
    await until(() => opened === 2);
    vi.restoreAllMocks();
  });

  it('is helped along where timers sleep', async () => {
    await open();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    proxy.cut();
    await until(() => lost.length === 1);
    while (opened === 1) {
      connection.tick();
      await new Promise((resolve) => setImmediate(resolve));
    }
    vi.useRealTimers();
    expect(opened).toBe(2);
  });
});
