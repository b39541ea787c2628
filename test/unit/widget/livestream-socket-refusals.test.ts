import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { ErrorMessage } from '../../../server/protocol.js';
import { LivestreamSocketController } from '../../../widget/controllers/livestream-socket.js';
import type { Encoder } from '../../../widget/media/encoder.js';
import { ControllerHost } from './controller-host.js';
import { stubPage } from './page-globals.js';
import { SocketPeer } from './socket-peer.js';

class BrowserWebSocket extends WebSocket {
  constructor(url: string) {
    super(url);
    this.on('error', () => {});
  }
}

const stream = { getTracks: () => [{ readyState: 'live' }] } as unknown as MediaStream;
const encoder: Encoder = {
  start: () => Promise.resolve({ kind: 'container' }),
  restart: () => {},
  stop: () => Promise.resolve(),
};

let peer: SocketPeer;
let controller: LivestreamSocketController;
/** The server's answers to `start-stream`, one after the other; the last one stays. */
let answers: ('yes' | 'fatal' | 'not fatal')[];

beforeEach(async () => {
  stubPage(BrowserWebSocket);
  peer = await SocketPeer.listen();
  peer.answer = ({ type }) => {
    if (type !== 'start-stream') return;
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer === 'yes') {
      peer.send({ type: 'stream-started', streamId: 'a', playbackUrl: '', resumeToken: 't', received: 0 });
      peer.send({ type: 'stream-status', streamId: 'a', status: 'live' });
      return;
    }
    const refusal: ErrorMessage = {
      ...{ type: 'error', code: 'SERVER_FULL', message: 'full', streamId: 'a', retryAfter: 0.2 },
      fatal: answer === 'fatal',
    };
    peer.send(refusal);
    if (answer === 'fatal') peer.breakConnection(1008);
  };
  controller = new LivestreamSocketController(new ControllerHost(), {
    backendUrl: () => peer.url,
    retry: { initialDelay: 0.001 },
  });
  controller.hostConnected();
});

afterEach(async () => {
  controller.disconnect();
  await peer.close();
  vi.unstubAllGlobals();
});

const start = (): Promise<void> => controller.startStream('a', undefined, { stream, encoder: () => encoder });
const isLive = (): Promise<void> => expect.poll(() => controller.state).toBe('live');

it.each(['fatal', 'not fatal'] as const)(
  'comes back when the server has room again where it was live: %s',
  async (kind) => {
    answers = ['yes', kind, kind, 'yes'];
    await start();
    await isLive();
    const since = performance.now();
    peer.breakConnection(1006);
    await peer.until(() => peer.messages('start-stream').length === 4);
    await isLive();
    expect(performance.now() - since).toBeGreaterThanOrEqual(395);
  },
);

it.each(['fatal', 'not fatal'] as const)(
  'leaves the person the choice before it is live: %s',
  async (kind) => {
    answers = [kind];
    await expect(start()).rejects.toMatchObject({ code: 'SERVER_FULL' });
    expect(controller.state).toBe('ended');
    expect(peer.connections).toBe(1);
  },
);
