import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LivestreamError } from '../../../server/errors.js';
import type { Ingest } from '../../../server/ingest/ingest.js';
import { PublishSession } from '../../../server/ingest/publish-session.js';
import { defaultLimits, defaultPackaging, silentLogger, type Limits } from '../../../server/options.js';
import { Audience } from '../../../server/streams/audience.js';
import { Refusals } from '../../../server/streams/refusals.js';
import { Stream } from '../../../server/streams/stream.js';

function setUp(end: Ingest['end'], limits: Partial<Limits> = {}, takes = false, more: Partial<Ingest> = {}) {
  const stream = new Stream('test', defaultPackaging, () => {});
  const onOver = vi.fn();
  const refusals = new Refusals();
  const session = new PublishSession({
    stream,
    audience: new Audience(),
    limits: { ...defaultLimits, ...limits },
    refusals,
    logger: silentLogger,
    createIngest: () => ({
      write: () => takes,
      drained: () => new Promise(() => {}),
      end,
      kill: () => {},
      ...more,
    }),
    onOver,
  });
  return { session, stream, onOver, refusals };
}

describe('PublishSession', () => {
  it.each([
    ['fails', () => Promise.reject(new Error('the last frame'))],
    [
      'throws',
      () => {
        throw new Error('the last frame');
      },
    ],
  ])('ends its stream also when the end of the media %s', async (_, end) => {
    const { session, stream, onOver } = setUp(end);
    await expect(session.stop('stopped')).rejects.toThrow('the last frame');
    expect(stream.status).toBe('ended');
    expect(onOver).toHaveBeenCalledExactlyOnceWith(session);
  });

  it('reads on from a connection whose stream is over, though the ingest never took what it had', async () => {
    const { session } = setUp(() => Promise.resolve());
    const connection = { send: vi.fn(), close: vi.fn(), pause: vi.fn(), resume: vi.fn() };
    session.attach(connection);
    session.receive(Uint8Array.of(1));
    session.receive(Uint8Array.of(2));
    expect(connection.pause).toHaveBeenCalledOnce();
    expect(connection.resume).not.toHaveBeenCalled();
    await session.stop('stopped');
    expect(connection.resume).toHaveBeenCalledOnce();
    expect(connection.close).not.toHaveBeenCalled();
  });

  it('is over when its publisher does not come back in time, which is counted', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { session, refusals } = setUp(() => Promise.resolve(), { graceTime: 5 });
    const connection = { send: vi.fn(), close: vi.fn(), pause: vi.fn(), resume: vi.fn() };
    session.attach(connection);
    session.detach(connection);
    await vi.advanceTimersByTimeAsync(4900);
    expect(session.isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(session.isOver).toBe(true);
    expect(refusals.counts.get('graceTime')).toBe(1);
  });

  it('takes at once what its publisher made while it was away, and no more', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const { session } = setUp(() => Promise.resolve(), { maxMessageRate: 10 }, true);
    const connection = { send: vi.fn(), close: vi.fn(), pause: vi.fn(), resume: vi.fn() };
    session.attach(connection);
    session.detach(connection);
    vi.advanceTimersByTime(20_000);
    session.attach(connection);
    // A burst of 10 s, and the 20 s.
    for (let at = 0; at < 300; at++) session.receive(Uint8Array.of(at));
    expect(session.isOver).toBe(false);
    session.receive(Uint8Array.of(0));
    expect(session.isOver).toBe(true);
    await session.stop('stopped');
  });

  describe('when the server restarts', () => {
    function suspended(canBegin?: (bytes: Uint8Array) => boolean, takeLate?: Ingest['takeLate']) {
      const more = { ...(canBegin && { canBegin }), ...(takeLate && { takeLate }) };
      const { session, stream, onOver } = setUp(() => Promise.resolve(), {}, true, more);
      const connection = { send: vi.fn(), close: vi.fn(), pause: vi.fn(), resume: vi.fn() };
      session.attach(connection);
      const save = vi.fn(() => Promise.resolve());
      return { session, stream, onOver, connection, save, over: session.suspend(save) };
    }

    it('takes what comes before the next key frame, and leaves that for the next process', async () => {
      const { session, connection, save, over, onOver } = suspended(([first]) => first === 1);
      for (const byte of [0, 0, 1, 0, 1]) session.receive(Uint8Array.of(byte));
      await over;
      expect(session.received).toBe(2);
      expect(save).toHaveBeenCalledOnce();
      const types = connection.send.mock.calls.map(([message]) => (message as { type: string }).type);
      expect(types).toEqual(['viewer-count', 'ack', 'error']);
      expect(connection.close).toHaveBeenCalledExactlyOnceWith(1012, expect.any(String));
      expect(onOver).toHaveBeenCalledOnce();
    });

    it('takes what comes after it and belongs before it, until there is no more, and not for long', async () => {
      const late: number[] = [];
      const takeLate = (_first: Uint8Array, bytes?: Uint8Array): boolean => {
        if (bytes) late.push(bytes[0]!);
        return bytes?.[0] !== 9;
      };
      const whole = suspended(([first]) => first === 1, takeLate);
      for (const byte of [0, 1, 2, 3, 9, 4]) whole.session.receive(Uint8Array.of(byte));
      await whole.over;
      expect(whole.session.received).toBe(1);
      expect(late).toEqual([2, 3, 9]);
      vi.useFakeTimers();
      onTestFinished(() => void vi.useRealTimers());
      const open = suspended(([first]) => first === 1, takeLate);
      open.session.receive(Uint8Array.of(1));
      await vi.advanceTimersByTimeAsync(299);
      expect(open.save).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(open.save).toHaveBeenCalledOnce();
    });

    it('waits for no key frame where there are none, nor for long, nor for a publisher that has left', async () => {
      const container = suspended();
      await container.over;
      vi.useFakeTimers();
      const slow = suspended(() => false);
      await vi.advanceTimersByTimeAsync(2000);
      await slow.over;
      vi.useRealTimers();
      expect(slow.save).toHaveBeenCalledOnce();
      const gone = suspended(() => false);
      gone.session.detach(gone.connection);
      await gone.over;
      expect(gone.save).toHaveBeenCalledOnce();
    });

    it('saves nothing of a stream that ended meanwhile', async () => {
      vi.useFakeTimers();
      const { session, stream, save, over } = suspended(() => false);
      session.fail(new LivestreamError('TOO_LARGE', 'too large'));
      await vi.advanceTimersByTimeAsync(2000);
      await over;
      vi.useRealTimers();
      expect(stream.status).toBe('ended');
      expect(save).not.toHaveBeenCalled();
    });
  });

  it('is over once, however often it is stopped', async () => {
    let finish = (): void => {};
    const { session, stream, onOver } = setUp(() => new Promise((resolve) => (finish = resolve)));
    const stops = [session.stop('stopped'), session.stop('shutdown')];
    expect(stream.status).toBe('waiting');
    finish();
    await Promise.all(stops);
    expect(stream.status).toBe('ended');
    expect(onOver).toHaveBeenCalledOnce();
  });

  it('finds a publisher silent from its last message on, without a timer for each', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { session } = setUp(() => Promise.resolve(), { silenceTime: 10 }, true);
    const connection = { send: vi.fn(), close: vi.fn(), pause: vi.fn(), resume: vi.fn() };
    session.attach(connection);
    vi.advanceTimersByTime(9000);
    session.receive(Uint8Array.of(1));
    // Not by a spy: `vi.restoreAllMocks()` of any later file of this process would bring back what it stood before, a fake timer.
    const fake = globalThis.setTimeout;
    const set = vi.fn(fake);
    globalThis.setTimeout = set as unknown as typeof setTimeout;
    try {
      for (let count = 0; count < 100; count++) session.receive(Uint8Array.of(1));
    } finally {
      globalThis.setTimeout = fake;
    }
    expect(set).not.toHaveBeenCalled();
    vi.advanceTimersByTime(9900);
    expect(connection.close).not.toHaveBeenCalled();
    vi.advanceTimersByTime(200);
    expect(connection.close).toHaveBeenCalledExactlyOnceWith(4408, expect.stringContaining('10 s'));
  });
});
