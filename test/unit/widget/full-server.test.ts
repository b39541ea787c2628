import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { ErrorMessage } from '../../../server/protocol.js';
import { LivestreamSocketController } from '../../../widget/controllers/livestream-socket.js';
import type { Encoder } from '../../../widget/media/encoder.js';
import { ControllerHost } from './controller-host.js';
import { stubPage } from './page-globals.js';
import { SocketPeer } from './socket-peer.js';

const encoder: Encoder = {
  start: () => Promise.resolve({ kind: 'container' }),
  restart: () => {},
  stop: () => Promise.resolve(),
};
const stream = { getTracks: () => [{ readyState: 'live' }] } as unknown as MediaStream;

/** Seconds that the server asks to wait: more than a client waits by itself. */
const RETRY_AFTER = 1.2;

let peer: SocketPeer;
let controller: LivestreamSocketController;
let isFull: boolean;
let asked: number[];

beforeEach(async () => {
  stubPage(WebSocket);
  isFull = true;
  asked = [];
  peer = await SocketPeer.listen();
  peer.answer = (message) => {
    if (message.type !== 'start-stream' && message.type !== 'join-stream') return;
    asked.push(performance.now());
    const { streamId } = message;
    if (isFull) refuse({ code: 'SERVER_FULL', message: 'full', streamId, fatal: true });
    else if (message.type === 'join-stream') {
      peer.send({ type: 'stream-joined', streamId, status: 'waiting', viewers: 1 });
    } else peer.send({ type: 'stream-started', streamId, playbackUrl: '', resumeToken: 't', received: 0 });
  };
  make(5);
});

afterEach(async () => {
  controller.disconnect();
  await peer.close();
  vi.unstubAllGlobals();
});

/** @param startTimeout seconds */
function make(startTimeout: number): void {
  const retry = { initialDelay: 0.01, maxDelay: 0.02 };
  const options = { backendUrl: () => peer.url, retry, startTimeout };
  controller = new LivestreamSocketController(new ControllerHost(), options);
}

function refuse(error: Omit<ErrorMessage, 'type'>): void {
  peer.send({ type: 'error', ...error, retryAfter: RETRY_AFTER });
  peer.breakConnection(1013);
}

const start = (): Promise<void> => controller.startStream('a', undefined, { stream, encoder: () => encoder });

it('is asked again when it said, and no sooner', async () => {
  const started = start();
  await peer.until(() => asked.length > 0);
  isFull = false;
  await started;
  expect(asked).toHaveLength(2);
  expect(asked[1]! - asked[0]!).toBeGreaterThan(RETRY_AFTER * 1000 - 10);
  expect(controller.error).toBeUndefined();
});

it('is given up after the time for a start, with what it said', async () => {
  make(0.2);
  await expect(start()).rejects.toMatchObject({ code: 'SERVER_FULL', message: 'full' });
  expect(controller.state).toBe('ended');
  expect(asked).toHaveLength(1);
});

it('is joined when there is room again', async () => {
  const joined = new Promise((resolve) => controller.addEventListener('statuschange', resolve));
  controller.joinStream('a');
  await peer.until(() => asked.length > 0);
  isFull = false;
  await joined;
  expect(asked[1]! - asked[0]!).toBeGreaterThan(RETRY_AFTER * 1000 - 10);
  expect(controller.error).toBeUndefined();
});
