import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { boundMessages } from '../../../server/node/bound-messages.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const MOST = 100_000;

function setUp() {
  const sockets = new EventEmitter();
  const socket = Object.assign(new EventEmitter(), { readyState: 1, close: vi.fn(), terminate: vi.fn() });
  const stream = new PassThrough();
  const read = vi.fn();
  stream.on('data', read);
  const countRefusal = vi.fn();
  const asked: number[] = [];
  const allowsUnfinished = (_socket: unknown, bytes: number): boolean => {
    asked.push(bytes);
    return bytes <= MOST;
  };
  const goOn = vi.fn();
  const pauseReading = vi.fn(() => goOn);
  const countControl = vi.fn();
  boundMessages(sockets, { allowsUnfinished, countControl, countRefusal, pauseReading });
  sockets.emit('connection', socket, { socket: stream });
  const give = (length: number): unknown => stream.emit('data', Buffer.alloc(length));
  return { socket, read, asked, countControl, countRefusal, give, pauseReading, goOn };
}

describe('a WebSocket', () => {
  it('may send messages for ever, each of which ends', () => {
    const { socket, give } = setUp();
    for (let count = 0; count < 100; count++) {
      give(50_000);
      socket.emit('message');
    }
    expect(socket.terminate).not.toHaveBeenCalled();
  });

  it('keeps no memory of pings that it answers', () => {
    const { socket, give, asked, countControl } = setUp();
    for (let count = 0; count < 10_000; count++) {
      give(6 + 4);
      socket.emit('pong', Buffer.alloc(4));
    }
    expect(Math.max(...asked)).toBeLessThan(1000);
    // How often is the livestream's business.
    expect(countControl).toHaveBeenCalledTimes(10_000);
    expect(countControl).toHaveBeenCalledWith(socket);
  });

  it('whose message does not end is told, and is kept no more of, before it is cut', () => {
    const { socket, read, give } = setUp();
    give(60_000);
    // Between the frames of a message, and no end of it.
    give(6);
    socket.emit('pong', Buffer.alloc(0));
    give(60_000);
    expect(socket.close).toHaveBeenCalledExactlyOnceWith(1009);
    expect(read).toHaveBeenCalledTimes(3);
    give(60_000);
    expect(read).toHaveBeenCalledTimes(3);
    expect(socket.terminate).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(socket.terminate).toHaveBeenCalledOnce();
  });

  it('may not cut it into so small pieces that they take more than it, with as many pongs as it likes', () => {
    const { socket, give } = setUp();
    for (let count = 0; count < MOST / 256; count++) {
      give(1);
      give(1 + 6 * 10);
      for (let pong = 0; pong < 10; pong++) socket.emit('pong', Buffer.alloc(0));
    }
    expect(socket.close).toHaveBeenCalled();
  });

  it('is counted when it says that a message is larger than any that is read', () => {
    const { socket, countRefusal } = setUp();
    const error = Object.assign(new RangeError('x'), { code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' });
    socket.emit('error', error);
    socket.emit('error', new Error('another'));
    expect(countRefusal).toHaveBeenCalledExactlyOnceWith('maxMessageBytes');
  });

  it('that sends more than its share of a turn is read on after everybody else', () => {
    const { socket, give, pauseReading, goOn } = setUp();
    const piece = (length: number): void => {
      give(length);
      socket.emit('message');
    };
    piece(60_000);
    expect(pauseReading).not.toHaveBeenCalled();
    piece(10_000);
    piece(10_000);
    expect(pauseReading).toHaveBeenCalledExactlyOnceWith(socket);
    expect(goOn).not.toHaveBeenCalled();
    vi.advanceTimersByTime(0);
    expect(goOn).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(30);
    piece(60_000);
    expect(pauseReading).toHaveBeenCalledOnce();
  });

  it('that is closed is not listened to any more', () => {
    const { socket, give } = setUp();
    const handle = vi.fn();
    socket.on('message', handle);
    socket.readyState = 2;
    give(10);
    socket.emit('message');
    expect(handle).not.toHaveBeenCalled();
  });
});
