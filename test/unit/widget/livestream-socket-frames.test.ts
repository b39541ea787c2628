import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { ClientMessage, StreamFormat } from '../../../server/protocol.js';
import {
  LivestreamSocketController,
  type BroadcastHealth,
} from '../../../widget/controllers/livestream-socket.js';
import type { Encoder, EncoderEvents, EncoderHealth } from '../../../widget/media/encoder.js';
import { stubPage } from './page-globals.js';
import { SocketPeer } from './socket-peer.js';

/** Makes frames first, and a file where those are refused. */
class RefusedEncoder implements Encoder {
  health: EncoderHealth | undefined;
  constructor(readonly events: EncoderEvents) {}

  start(): Promise<StreamFormat> {
    this.give('a frame that nobody wants');
    return Promise.resolve({ kind: 'frames', tracks: [] });
  }

  restart(): void {}

  stop(): Promise<void> {
    return Promise.resolve();
  }

  refused(): Promise<StreamFormat> {
    return Promise.resolve({ kind: 'container', mimeType: 'video/webm' });
  }

  give(text: string): void {
    this.events.onData(new TextEncoder().encode(text).buffer);
  }
}

const stream = { getTracks: () => [{ readyState: 'live' }] } as MediaStream;

describe('LivestreamSocketController, of frames', () => {
  let peer: SocketPeer;
  let controller: LivestreamSocketController;
  let encoder: RefusedEncoder;
  let takesFrames: boolean;

  beforeEach(async () => {
    stubPage(WebSocket);
    takesFrames = true;
    peer = await SocketPeer.listen();
    peer.answer = answer;
    const host = {
      addController: () => {},
      removeController: () => {},
      requestUpdate: () => {},
      updateComplete: Promise.resolve(true),
    };
    controller = new LivestreamSocketController(host, { backendUrl: () => peer.url });
    controller.hostConnected();
  });

  afterEach(async () => {
    controller.disconnect();
    await peer.close();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  function answer(message: ClientMessage): void {
    if (message.type === 'clock') peer.send({ type: 'clock', sent: message.sent, time: message.sent + 5000 });
    if (message.type !== 'start-stream') return;
    if (message.format?.kind === 'frames' && !takesFrames) {
      const refusal = 'frames are not served';
      peer.send({ type: 'error', code: 'UNSUPPORTED_FORMAT', message: refusal, streamId: 'a', fatal: false });
      return;
    }
    const received = 0;
    peer.send({ type: 'stream-started', streamId: 'a', playbackUrl: '', resumeToken: 'token', received });
    peer.send({ type: 'stream-status', streamId: 'a', status: 'live' });
  }

  const start = (): Promise<void> =>
    controller.startStream('a', undefined, {
      stream,
      encoder: (_stream, events) => (encoder = new RefusedEncoder(events)),
    });

  it('offers another format where the server does not take the first', async () => {
    takesFrames = false;
    await start();
    expect(peer.messages('start-stream').map(({ format }) => format?.kind)).toEqual(['frames', 'container']);
    expect(controller.error).toBeUndefined();
    encoder.give('header');
    await peer.until(() => peer.data.length === 1);
    expect(peer.data).toEqual(['header']);
  });

  it('asks the server’s clock, tells when frames were captured, and how it does', async () => {
    await start();
    encoder.health = { kind: 'webcodecs', videoBitsPerSecond: 1000, origin: 7000, frames: 30, queue: 1 };
    const healthy = new Promise<BroadcastHealth>((resolve) =>
      controller.addEventListener('health', ({ detail }) => resolve(detail)),
    );
    const begin = performance.now();
    const now = vi.spyOn(performance, 'now').mockReturnValue(begin + 500);
    encoder.give('a');
    await peer.until(() => peer.messages('capture-clock').length > 0);
    const [told] = peer.messages('capture-clock');
    expect(told).toMatchObject({ streamId: 'a' });
    expect(Math.abs(told!.time - told!.timestamp / 1000 - 7000 - 5000)).toBeLessThan(1);
    expect(Math.abs(told!.time - performance.timeOrigin - performance.now() - 5000)).toBeLessThan(1);

    now.mockReturnValue(begin + 2000);
    encoder.give('b');
    const health = await healthy;
    expect(health).toMatchObject({ encoder: 'webcodecs', encoderQueue: 1, congestion: 'none' });
    expect(controller.health).toBe(health);
  });

  it('tells another server when frames were captured before it sends what was kept', async () => {
    await start();
    encoder.health = { kind: 'webcodecs', videoBitsPerSecond: 1000, origin: 7000 };
    const begin = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(begin + 500);
    encoder.give('a');
    await peer.until(() => peer.messages('capture-clock').length > 0);
    let sentBefore: number | undefined;
    peer.answer = (message) => {
      if (message.type === 'capture-clock') sentBefore ??= peer.data.length;
      if (message.type !== 'clock') answer(message);
    };
    const before = peer.data.length;
    peer.breakConnection(1006);
    await peer.until(() => peer.data.length > before);
    expect(sentBefore).toBe(before);
    const [, told] = peer.messages('capture-clock');
    expect(Math.abs(told!.time - told!.timestamp / 1000 - 7000 - 5000)).toBeLessThan(1);
  });
});
