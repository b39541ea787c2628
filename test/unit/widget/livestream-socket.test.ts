import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { ClientMessage, StreamFormat } from '../../../server/protocol.js';
import {
  LivestreamSocketController,
  type LivestreamSocketOptions,
} from '../../../widget/controllers/livestream-socket.js';
import type { LivedropError } from '../../../widget/errors.js';
import type { Encoder, EncoderEvents } from '../../../widget/media/encoder.js';
import { ControllerHost as Host } from './controller-host.js';
import { stubPage } from './page-globals.js';
import { SocketPeer } from './socket-peer.js';

/** A browser's: an error that nobody listens to does no harm. */
class BrowserWebSocket extends WebSocket {
  constructor(url: string) {
    super(url);
    this.on('error', () => {});
  }
}

/** Encodes what the test says. */
class TestEncoder implements Encoder {
  restarts = 0;
  isStopped = false;
  constructor(readonly events: EncoderEvents) {}

  start(): Promise<StreamFormat> {
    return Promise.resolve({ kind: 'container', mimeType: 'video/webm' });
  }

  restart(): void {
    this.restarts += 1;
  }

  stop(): Promise<void> {
    this.isStopped = true;
    return Promise.resolve();
  }

  give(...texts: string[]): void {
    for (const text of texts) this.events.onData(new TextEncoder().encode(text).buffer);
  }
}

const liveTrack = { readyState: 'live' } as MediaStreamTrack;
const stream = { getTracks: () => [liveTrack] } as MediaStream;

describe('LivestreamSocketController', () => {
  let peer: SocketPeer;
  let host: Host;
  let controller: LivestreamSocketController;
  let encoder: TestEncoder;
  let page: EventTarget;

  beforeEach(async () => {
    page = stubPage(BrowserWebSocket);
    peer = await SocketPeer.listen();
    host = new Host();
    make();
  });

  afterEach(async () => {
    controller.disconnect();
    await peer.close();
    vi.unstubAllGlobals();
  });

  function make(options: LivestreamSocketOptions = {}): void {
    host.controllers = [];
    const retry = { initialDelay: 0.02, maxDelay: 0.05 };
    controller = new LivestreamSocketController(host, { backendUrl: () => peer.url, retry, ...options });
    host.connect();
  }

  function start(): Promise<void> {
    return controller.startStream('a', 'user-1', {
      stream,
      title: 'Title',
      encoder: (_stream, events) => (encoder = new TestEncoder(events)),
    });
  }

  function next<T extends 'statechange' | 'statuschange' | 'viewercount' | 'connectionchange' | 'error'>(
    type: T,
    test: () => boolean = () => true,
  ): Promise<void> {
    return new Promise((resolve) => {
      const listener = (): void => {
        if (!test()) return;
        controller.removeEventListener(type, listener);
        resolve();
      };
      controller.addEventListener(type, listener);
    });
  }

  /** A server that takes everything, and makes the stream live. */
  function accept(received = () => 0, resumeToken = () => 'token-1'): void {
    peer.answer = (message: ClientMessage) => {
      if (message.type === 'start-stream') {
        peer.send({
          type: 'stream-started',
          streamId: 'a',
          playbackUrl: '',
          resumeToken: resumeToken(),
          received: received(),
        });
        peer.send({ type: 'stream-status', streamId: 'a', status: 'live' });
      }
      if (message.type === 'stop-stream') {
        peer.send({ type: 'stream-stopped', streamId: 'a', reason: 'stopped' });
      }
      if (message.type === 'join-stream') {
        peer.send({ type: 'stream-joined', streamId: message.streamId, status: 'waiting', viewers: 3 });
      }
    };
  }

  async function goLive(): Promise<void> {
    const live = next('statechange', () => controller.state === 'live');
    await start();
    await live;
  }

  it('publishes: connects by itself, sends what is encoded in order, stops', async () => {
    accept();
    const states: string[] = [];
    controller.addEventListener('statechange', ({ detail }) => states.push(detail.state));
    await goLive();
    expect(peer.messages('start-stream')).toEqual([
      {
        type: 'start-stream',
        streamId: 'a',
        userId: 'user-1',
        title: 'Title',
        format: { kind: 'container', mimeType: 'video/webm' },
      },
    ]);
    expect(controller.isConnected).toBe(true);
    expect(controller.startedAt).toBeInstanceOf(Date);
    expect(controller.playbackUrl).toBe(`${peer.url}/livestream/a/stream.m3u8`);

    encoder.give('header', 'b', 'c');
    await controller.stopStream();
    expect(peer.data).toEqual(['header', 'b', 'c']);
    expect(peer.received.at(-1)).toEqual({ type: 'stop-stream', streamId: 'a' });
    expect(encoder.isStopped).toBe(true);
    expect(controller.stopReason).toBe('stopped');
    expect(states).toEqual(['connecting', 'starting', 'live', 'stopping', 'ended']);
    await peer.until(() => !peer.isConnected);
    expect(controller.isConnected).toBe(false);
  });

  it('can publish again after a stop', async () => {
    accept();
    await goLive();
    await controller.stopStream();
    await goLive();
    expect(controller.state).toBe('live');
    expect(peer.messages('start-stream')).toHaveLength(2);
  });

  it('starts a stream once, however often it is asked to', async () => {
    accept();
    const [first, second] = [start(), start()];
    await Promise.all([first, second]);
    expect(peer.messages('start-stream')).toHaveLength(1);
  });

  it('starts again after the stop that is under way', async () => {
    accept();
    await goLive();
    const stopped = controller.stopStream();
    await start();
    await stopped;
    expect(peer.messages('start-stream')).toHaveLength(2);
    await expect.poll(() => controller.state).toBe('live');
  });

  it('lets the later of two starts win, which both wait for a stop', async () => {
    accept();
    await goLive();
    const gaveWay = controller.startStream('b', undefined, { stream }).catch((error: unknown) => error);
    const won = start();
    expect(await gaveWay).toMatchObject({ code: 'BAD_MESSAGE' });
    controller.disconnect();
    await won.catch(() => {});
    expect(controller.isConnected).toBe(false);
  });

  it('takes its stream from the media controller beside it', async () => {
    accept();
    const noStream = controller.startStream('a', 'user-1');
    await expect(noStream).rejects.toMatchObject({ code: 'NO_MEDIA_STREAM' });
    make({ stream: () => stream });
    await controller.startStream('a', 'user-1', { encoder: (_stream, events) => new TestEncoder(events) });
    expect(peer.messages('start-stream')).toHaveLength(1);
  });

  it('refuses to start without a track that lives', async () => {
    const ended = { getTracks: () => [{ readyState: 'ended' }] } as MediaStream;
    for (const nothing of [undefined, ended]) {
      await expect(controller.startStream('a', undefined, { stream: nothing })).rejects.toMatchObject({
        code: 'NO_MEDIA_STREAM',
        message: 'No media stream available.',
      });
    }
    expect(controller.error?.help).toMatch(/camera/);
    expect(controller.state).toBe('idle');
    expect(peer.connections).toBe(0);
  });

  it.each([1001, 1006, 1012, 1013, 4408])('comes back after close code %i and resumes', async (code) => {
    let received = 0;
    accept(() => received);
    await goLive();
    encoder.give('header', 'b', 'c');
    await peer.until(() => peer.data.length === 3);
    received = 2;
    const lost = next('connectionchange', () => !controller.isConnected);
    peer.breakConnection(code);
    await lost;
    expect(controller.state).toBe('reconnecting');
    expect(controller.error?.code).toBe('SOCKET_NOT_CONNECTED');
    encoder.give('d');
    expect(controller.bufferedBytes).toBeGreaterThan(0);

    await next('statechange', () => controller.state === 'live');
    await peer.until(() => peer.data.length === 5);
    expect(peer.messages('start-stream')[1]).toMatchObject({ resume: { token: 'token-1' } });
    expect(peer.data).toEqual(['header', 'b', 'c', 'c', 'd']);
    expect(encoder.restarts).toBe(0);
    expect(controller.error).toBeUndefined();
  });

  it('begins a new file with a server that has forgotten the stream, where the old one’s beginning is not kept', async () => {
    make({ acknowledgedSeconds: 0 });
    accept();
    await goLive();
    encoder.give('header', 'b');
    await peer.until(() => peer.data.length === 2);
    const acknowledged = next('viewercount');
    peer.send({ type: 'ack', streamId: 'a', received: 2 });
    peer.send({ type: 'viewer-count', streamId: 'a', count: 1 });
    await acknowledged;
    const back = next('statechange', () => controller.state === 'live');
    peer.breakConnection(1006);
    await back;
    expect(encoder.restarts).toBe(1);
  });

  it.each(['UNAUTHORIZED', 'STREAM_IN_USE', 'SERVER_FULL', 'UNSUPPORTED_FORMAT'] as const)(
    'gives up at the answer %s, fatal or not',
    async (code) => {
      for (const fatal of [true, false]) {
        peer.answer = (message) => {
          if (message.type !== 'start-stream') return;
          peer.send({ type: 'error', code, message: 'because', streamId: 'a', fatal });
          if (fatal) peer.breakConnection(1008);
        };
        await expect(start()).rejects.toMatchObject({ code, message: 'because' });
        expect(controller.state).toBe('ended');
        expect(controller.error).toMatchObject({ code });
        expect(encoder.isStopped).toBe(true);
      }
      expect(peer.connections).toBe(2);
    },
  );

  it('tries again where its own broken connection still holds the stream', async () => {
    peer.answer = () => peer.breakConnection(1006);
    const started = start();
    await peer.until(() => peer.messages('start-stream').length === 1);
    let refusals = 0;
    peer.answer = (message) => {
      if (message.type !== 'start-stream') return;
      if (refusals++ < 2) {
        peer.send({ type: 'error', code: 'STREAM_IN_USE', message: 'in use', streamId: 'a', fatal: false });
      } else {
        accept();
        peer.answer(message);
      }
    };
    await started;
    expect(peer.messages('start-stream')).toHaveLength(4);
  });

  it('says that the socket is not connected where nobody listens, and gives up in time', async () => {
    const gone = await SocketPeer.listen();
    const { url } = gone;
    await gone.close();
    make({ backendUrl: () => url, startTimeout: 0.3 });
    const error = await start().then(
      () => undefined,
      (reason: LivedropError) => reason,
    );
    expect(error).toMatchObject({
      code: 'SOCKET_NOT_CONNECTED',
      help: expect.stringContaining('backend-url'),
    });
    expect(error?.message).toMatch(/^Socket not connected/);
    expect(controller.state).toBe('ended');
  });

  it('names a backend address that is none', async () => {
    make({ backendUrl: () => 'rtmp://host' });
    await expect(start()).rejects.toMatchObject({ code: 'SOCKET_NOT_CONNECTED' });
    controller.connect('b');
    expect(controller.error?.code).toBe('SOCKET_NOT_CONNECTED');
    expect(controller.playbackUrl).toBeUndefined();
  });

  it('tells when viewers see nothing, and when they do again', async () => {
    make({ showTimeout: 0.05 });
    peer.answer = (message) => {
      if (message.type !== 'start-stream') return;
      peer.send({ type: 'stream-started', streamId: 'a', playbackUrl: '', resumeToken: 't', received: 0 });
    };
    const failed = next('error');
    await start();
    await failed;
    expect(controller.error).toMatchObject({ code: 'STREAM_NOT_SHOWING' });
    expect(controller.state).toBe('starting');
    const live = next('statechange', () => controller.state === 'live');
    peer.send({ type: 'stream-status', streamId: 'a', status: 'live' });
    await live;
    expect(controller.error).toBeUndefined();
  });

  it('ends when the server ends the stream', async () => {
    accept();
    await goLive();
    const ended = next('statechange', () => controller.state === 'ended');
    peer.send({ type: 'error', code: 'TRANSCODER_FAILED', message: 'no media', streamId: 'a', fatal: true });
    peer.send({ type: 'stream-stopped', streamId: 'a', reason: 'failed' });
    await ended;
    expect(controller.stopReason).toBe('failed');
    expect(controller.error).toMatchObject({ code: 'TRANSCODER_FAILED', message: 'no media' });
  });

  it('goes on after the server was restarted', async () => {
    accept();
    await goLive();
    peer.send({ type: 'stream-stopped', streamId: 'a', reason: 'shutdown' });
    const lost = next('statechange', () => controller.state === 'reconnecting');
    peer.breakConnection(1012);
    await lost;
    await next('statechange', () => controller.state === 'live');
  });

  it('joins as a viewer, is told status and count, and joins again after a break', async () => {
    accept();
    controller.connect('b');
    await next('viewercount');
    expect(controller.streamStatus).toBe('waiting');
    expect(controller.viewerCount).toBe(3);
    expect(peer.messages('join-stream')).toEqual([{ type: 'join-stream', streamId: 'b' }]);
    expect(peer.data).toEqual([]);
    await peer.until(() => peer.messages('clock').length > 0);
    peer.send({ type: 'clock', sent: peer.messages('clock')[0]!.sent, time: 5000 });
    await vi.waitFor(() => expect(controller.serverTime).toBeGreaterThanOrEqual(5000));

    const told = Promise.all([next('statuschange'), next('viewercount')]);
    peer.send({ type: 'stream-status', streamId: 'b', status: 'live' });
    peer.send({ type: 'viewer-count', streamId: 'b', count: 7 });
    await told;
    expect(controller.streamStatus).toBe('live');
    expect(controller.viewerCount).toBe(7);

    peer.breakConnection(1006);
    await peer.until(() => peer.messages('join-stream').length === 2);
    controller.leaveStream('b');
    await peer.until(() => !peer.isConnected);
    expect(peer.messages('leave-stream')).toEqual([{ type: 'leave-stream', streamId: 'b' }]);
  });

  it('tells the server the token of the moment', async () => {
    let token = 'one';
    make({ token: () => token });
    accept();
    controller.connect('b');
    await peer.until(() => peer.messages('join-stream').length === 1);
    token = 'two';
    await start();
    expect(peer.messages('join-stream')[0]?.token).toBe('one');
    expect(peer.messages('start-stream')[0]?.token).toBe('two');
  });

  it('gives everything back with its host, and works again when that returns', async () => {
    accept();
    await goLive();
    host.disconnect();
    await peer.until(() => !peer.isConnected);
    expect(peer.received.at(-1)).toEqual({ type: 'stop-stream', streamId: 'a' });
    expect(encoder.isStopped).toBe(true);

    host.connect();
    await goLive();
    expect(controller.state).toBe('live');
  });

  it('does not mind that its host is moved', async () => {
    accept();
    await goLive();
    host.disconnect();
    host.connect();
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
    expect(controller.state).toBe('live');
    expect(peer.connections).toBe(1);
  });

  it('tells viewers when its page goes away', async () => {
    accept();
    await goLive();
    page.dispatchEvent(new Event('pagehide'));
    await peer.until(() => peer.messages('stop-stream').length === 1);
  });

  it('asks for updates of its host at every change', async () => {
    accept();
    const before = host.updates;
    controller.connect('b');
    await next('viewercount');
    expect(host.updates).toBeGreaterThan(before);
  });
});
