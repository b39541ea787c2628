import { beforeEach, describe, expect, it } from 'vitest';
import type { ClientMessage } from '../../../server/protocol.js';
import { Publisher, type PublisherOptions } from '../../../widget/media/publisher.js';

/** A server that counts what it takes, and a connection to it that can break. */
class Peer {
  sent: ClientMessage[] = [];
  data: string[] = [];
  restarts: string[] = [];
  unsent = 0;

  readonly link = {
    send: (message: ClientMessage) => void this.sent.push(message),
    sendData: (bytes: ArrayBuffer) => void this.data.push(new TextDecoder().decode(bytes)),
    restart: (reason: string) => void this.restarts.push(reason),
    bufferedAmount: () => this.unsent,
    tick: () => {},
  };

  get last(): ClientMessage | undefined {
    return this.sent.at(-1);
  }
}

const bytesOf = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;

describe('Publisher', () => {
  let peer: Peer;
  let now: number;
  let encoderRestarts: number;
  let dropped: { bytes: number; seconds: number }[];
  let resumed: boolean[];

  beforeEach(() => {
    peer = new Peer();
    now = 100;
    encoderRestarts = 0;
    dropped = [];
    resumed = [];
  });

  function makePublisher(options: Partial<PublisherOptions> = {}): Publisher {
    return new Publisher(
      () => ({ streamId: 'a', token: 'key' }),
      peer.link,
      {
        onStarted: (_message, isResumed) => resumed.push(isResumed),
        onRestartEncoder: () => encoderRestarts++,
        onDropped: ({ bytes, seconds }) => dropped.push({ bytes, seconds }),
      },
      options,
      () => now,
    );
  }

  function started(publisher: Publisher, received: number, resumeToken = 'r1'): void {
    publisher.handle({ type: 'stream-started', streamId: 'a', playbackUrl: '', resumeToken, received });
  }

  function pushAll(publisher: Publisher, ...texts: string[]): void {
    for (const text of texts) publisher.push(bytesOf(text));
  }

  it('keeps what comes before the server has answered, and sends it in order', () => {
    const publisher = makePublisher();
    pushAll(publisher, 'header', 'b');
    publisher.connectionOpened();
    pushAll(publisher, 'c');
    expect(peer.data).toEqual([]);
    expect(peer.last).toEqual({ type: 'start-stream', streamId: 'a', token: 'key' });

    started(publisher, 0);
    pushAll(publisher, 'd');
    expect(peer.data).toEqual(['header', 'b', 'c', 'd']);
    expect(resumed).toEqual([false]);
    expect(encoderRestarts).toBe(0);
  });

  it('keeps each message until it is acknowledged', () => {
    const publisher = makePublisher();
    publisher.connectionOpened();
    started(publisher, 0);
    pushAll(publisher, 'aaa', 'bb', 'c');
    expect(publisher.bufferedBytes).toBe(6);
    now += 0.5;
    publisher.handle({ type: 'ack', streamId: 'a', received: 2 });
    expect(publisher.bufferedBytes).toBe(1);
    expect(publisher.bufferedSeconds).toBe(0.5);
    publisher.handle({ type: 'ack', streamId: 'a', received: 3 });
    expect(publisher.bufferedBytes).toBe(0);
    expect(publisher.bufferedSeconds).toBe(0);
  });

  it('resumes where the server is: nothing is lost, nothing doubled', () => {
    const publisher = makePublisher();
    publisher.connectionOpened();
    started(publisher, 0, 'token-1');
    pushAll(publisher, 'a', 'b', 'c', 'd');
    publisher.handle({ type: 'ack', streamId: 'a', received: 1 });
    publisher.connectionLost();
    pushAll(publisher, 'e');
    peer.data = [];
    publisher.connectionOpened();
    expect(peer.last).toMatchObject({ type: 'start-stream', resume: { token: 'token-1' } });

    started(publisher, 3, 'token-1');
    expect(peer.data).toEqual(['d', 'e']);
    expect(resumed).toEqual([false, true]);
    expect(encoderRestarts).toBe(0);
  });

  it('says what it still has of its file, with which a server goes on that has lost what it had', () => {
    const publisher = makePublisher({ acknowledgedSeconds: 3 });
    publisher.connectionOpened();
    started(publisher, 0, 'token-1');
    for (let count = 0; count < 10; count++) {
      pushAll(publisher, `m${count}`);
      publisher.handle({ type: 'ack', streamId: 'a', received: count + 1 });
      now += 1;
    }
    publisher.connectionLost();
    // It waits only since it is known to be lost.
    now += 25;
    pushAll(publisher, 'm10');
    now += 1;
    peer.data = [];
    publisher.connectionOpened();
    expect(peer.last).toMatchObject({ resume: { token: 'token-1', kept: 7 } });
    started(publisher, 8, 'token-1');
    expect(peer.data).toEqual(['m8', 'm9', 'm10']);
    expect(publisher.bufferedSeconds).toBe(0);
    expect(resumed).toEqual([false, true]);
    expect(encoderRestarts).toBe(0);
    expect(dropped).toEqual([]);
    now += 5;
    pushAll(publisher, 'm11');
    expect(dropped).toEqual([]);
  });

  it('begins a new file where the server has lost what it acknowledged, and that is not kept any more', () => {
    const publisher = makePublisher({ acknowledgedSeconds: 0 });
    publisher.connectionOpened();
    started(publisher, 0, 'token-1');
    pushAll(publisher, 'header', 'b');
    publisher.handle({ type: 'ack', streamId: 'a', received: 2 });
    publisher.connectionLost();
    pushAll(publisher, 'c');
    peer.data = [];
    publisher.connectionOpened();
    started(publisher, 0, 'token-2');
    expect(encoderRestarts).toBe(1);
    expect(dropped).toEqual([{ bytes: 1, seconds: 0 }]);
    expect(peer.data).toEqual([]);

    pushAll(publisher, 'header2', 'd');
    expect(peer.data).toEqual(['header2', 'd']);
    publisher.handle({ type: 'ack', streamId: 'a', received: 1 });
    expect(publisher.bufferedBytes).toBe(1);
  });

  it('sends everything again to a server that is new, where everything is still kept', () => {
    const publisher = makePublisher();
    publisher.connectionOpened();
    started(publisher, 0, 'token-1');
    pushAll(publisher, 'header', 'b');
    publisher.handle({ type: 'ack', streamId: 'a', received: 1 });
    publisher.connectionLost();
    peer.data = [];
    publisher.connectionOpened();
    started(publisher, 0, 'token-2');
    expect(peer.data).toEqual(['header', 'b']);
    expect(encoderRestarts).toBe(0);
  });

  it.each([
    ['bytes', { maxBufferedBytes: 5 }, 0],
    ['seconds', { maxBufferedSeconds: 3 }, 2],
  ] as const)(
    'gives up what it keeps beyond the limit in %s, and begins another file',
    (_name, options, step) => {
      const publisher = makePublisher(options);
      publisher.connectionOpened();
      started(publisher, 0);
      publisher.connectionLost();
      for (const text of ['aaa', 'bb', 'c']) {
        pushAll(publisher, text);
        now += step;
      }
      expect(dropped).toEqual([{ bytes: 6, seconds: 2 * step }]);
      expect(publisher.bufferedBytes).toBe(0);
      expect(encoderRestarts).toBe(1);
      // What follows is the new file: nothing of that is lost.
      pushAll(publisher, 'h2');
      now += 1;
      pushAll(publisher, 'x');

      publisher.connectionOpened();
      expect(peer.last).not.toHaveProperty('resume');
      started(publisher, 0, 'r2');
      expect(encoderRestarts).toBe(1);
      pushAll(publisher, 'y');
      expect(peer.data).toEqual(['h2', 'x', 'y']);
      expect(dropped).toHaveLength(1);
      expect(publisher.droppedSeconds).toBe(2 * step);
    },
  );

  it('makes a new connection where the network is too slow for what it keeps', () => {
    const publisher = makePublisher({ maxBufferedBytes: 5 });
    publisher.connectionOpened();
    started(publisher, 0);
    pushAll(publisher, 'aaa', 'bbb');
    expect(peer.restarts).toEqual(['media was given up']);
    expect(dropped).toHaveLength(1);
  });

  it('does not hand the socket more than it can drop', () => {
    const publisher = makePublisher({ maxUnsentBytes: 1000 });
    publisher.connectionOpened();
    started(publisher, 0);
    peer.unsent = 1000;
    pushAll(publisher, 'a', 'b');
    expect(peer.data).toEqual([]);
    peer.unsent = 0;
    pushAll(publisher, 'c');
    expect(peer.data).toEqual(['a', 'b', 'c']);
  });

  it('takes a connection for dead on which nothing is acknowledged', () => {
    const publisher = makePublisher({ ackTimeout: 4 });
    publisher.connectionOpened();
    started(publisher, 0);
    pushAll(publisher, 'a');
    now += 3.9;
    pushAll(publisher, 'b');
    expect(peer.restarts).toEqual([]);
    now += 0.2;
    pushAll(publisher, 'c');
    expect(peer.restarts).toEqual(['no acknowledgement for 4 s']);
  });

  it('does not take an encoder that paused for a dead connection', () => {
    const publisher = makePublisher({ ackTimeout: 4 });
    publisher.connectionOpened();
    started(publisher, 0);
    pushAll(publisher, 'a');
    publisher.handle({ type: 'ack', streamId: 'a', received: 1 });
    now += 60;
    pushAll(publisher, 'b');
    pushAll(publisher, 'c');
    expect(peer.restarts).toEqual([]);
  });

  it('tells how long the server has said nothing', () => {
    const publisher = makePublisher();
    publisher.connectionOpened();
    started(publisher, 0);
    now += 5;
    expect(publisher.silentSeconds).toBe(0);
    pushAll(publisher, 'a');
    now += 2;
    expect(publisher.silentSeconds).toBe(2);
    publisher.handle({ type: 'ack', streamId: 'a', received: 1 });
    expect(publisher.silentSeconds).toBe(0);
  });

  it('knows that a broken connection of its own may hold the stream', () => {
    const publisher = makePublisher();
    expect(publisher.mayBeInUseByUs).toBe(false);
    publisher.connectionOpened();
    publisher.connectionLost();
    expect(publisher.mayBeInUseByUs).toBe(true);
    publisher.connectionOpened();
    started(publisher, 0);
    expect(publisher.mayBeInUseByUs).toBe(false);
  });

  it('sends everything before it stops, after a break too', () => {
    const publisher = makePublisher();
    publisher.connectionOpened();
    started(publisher, 0);
    peer.unsent = 1e9;
    pushAll(publisher, 'a');
    publisher.connectionLost();
    publisher.stop();
    expect(peer.last?.type).toBe('start-stream');
    publisher.connectionOpened();
    started(publisher, 0);
    expect(peer.data).toEqual(['a']);
    expect(peer.last).toEqual({ type: 'stop-stream', streamId: 'a' });
  });

  it('ignores an acknowledgement of what was never sent', () => {
    const publisher = makePublisher();
    publisher.connectionOpened();
    started(publisher, 0);
    pushAll(publisher, 'a');
    publisher.handle({ type: 'ack', streamId: 'a', received: 100 });
    expect(publisher.bufferedBytes).toBe(1);
  });
});
