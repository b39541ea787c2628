import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Connection } from '../../../widget/media/connection.js';

/** What was given to it leaves when the test says so. */
class SlowSocket {
  static readonly OPEN = 1;
  static newest: SlowSocket;
  readyState = SlowSocket.OPEN;
  bufferedAmount = 0;
  onopen = (): void => {};
  constructor() {
    SlowSocket.newest = this;
  }
  send(data: string | ArrayBuffer): void {
    if (typeof data !== 'string') this.bufferedAmount += data.byteLength;
  }
  close(): void {}
}

const page = new EventTarget();
const lost: string[] = [];
let connection: Connection;
let socket: SlowSocket;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', SlowSocket);
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  lost.length = 0;
  connection = new Connection(() => 'ws://127.0.0.1', {
    onOpen: () => {},
    onMessage: () => {},
    onLost: ({ message }) => lost.push(message),
    mayReturn: () => true,
    isUrgent: () => true,
  });
  connection.open();
  socket = SlowSocket.newest;
  socket.onopen();
});
afterEach(() => {
  connection.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('is not missed while what was given before it leaves', () => {
  connection.sendData(new ArrayBuffer(300_000));
  page.dispatchEvent(new Event('pageshow'));
  socket.bufferedAmount -= 50_000;
  // As much is waiting again, but not the same.
  connection.sendData(new ArrayBuffer(50_000));
  vi.advanceTimersByTime(2600);
  expect(lost).toEqual([]);
  vi.advanceTimersByTime(2500);
  expect(lost).toEqual([expect.stringContaining('no answer to a probe')]);
});

it('is missed where nothing was before it', () => {
  page.dispatchEvent(new Event('pageshow'));
  connection.sendData(new ArrayBuffer(50_000));
  socket.bufferedAmount = 0;
  vi.advanceTimersByTime(2600);
  expect(lost).toHaveLength(1);
});
