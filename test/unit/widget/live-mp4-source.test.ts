import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { concat } from '../../../server/hls/boxes.js';
import { writeInitSegment } from '../../../server/hls/init-segment.js';
import { writeFragment } from '../../../server/hls/media-segment.js';
import { LiveMp4Source } from '../../../widget/media/live-mp4-source.js';
import { makeSamples, videoTrack } from '../../helpers/samples.js';

const init = writeInitSegment([videoTrack]) as Uint8Array<ArrayBuffer>;
const samples = makeSamples({ length: 0.1, audio: false });
const fragment = writeFragment(1, [{ track: videoTrack.id, samples }]);

/** One request, answered as the test likes. */
class Request {
  readonly #controller!: ReadableStreamDefaultController<Uint8Array>;
  readonly #body: ReadableStream<Uint8Array>;

  constructor(
    readonly signal: AbortSignal,
    readonly settle: (response: Response) => void,
    fail: (error: Error) => void,
  ) {
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    this.#body = new ReadableStream({
      start: (given) => void (controller = given),
    });
    this.#controller = controller;
    // As fetch does: what is under way breaks off.
    signal.addEventListener('abort', () => {
      const error = new DOMException('aborted', 'AbortError');
      fail(error);
      this.break(error);
    });
  }

  open(codecs = 'avc1.42E01F', more: Record<string, string> = {}): void {
    const headers = { 'Content-Type': `video/mp4; codecs="${codecs}"`, ...more };
    this.settle(new Response(this.#body, { headers }));
  }

  answer(status: number): void {
    this.settle(new Response('no', { status }));
  }

  send(bytes: Uint8Array): void {
    this.#controller.enqueue(bytes);
  }

  end(): void {
    this.#controller.close();
  }

  break(error: Error): void {
    if (this.#controller.desiredSize !== null) this.#controller.error(error);
  }
}

function setUp() {
  const requests: Request[] = [];
  const events: string[] = [];
  const source = new LiveMp4Source(
    () => 'https://a.test/live.mp4',
    {
      onOpen: (codecs) => events.push(`open ${codecs?.join('+')}`),
      onPieces: (pieces) => events.push(...pieces.map(({ kind }) => kind)),
      onCaughtUp: () => events.push('caught up'),
      onMissing: (status) => events.push(`missing ${status}`),
      onLost: (error) => events.push(`lost ${error.message}`),
    },
    {
      silence: 5,
      fetch: (_, request) =>
        new Promise((resolve, reject) => requests.push(new Request(request.signal!, resolve, reject))),
    },
  );
  return { source, requests, events, last: () => requests.at(-1)! };
}

/** Lets everything happen that waits for no more than so many milliseconds. */
const pass = (milliseconds = 0) => vi.advanceTimersByTimeAsync(milliseconds);

beforeEach(() => {
  vi.useFakeTimers();
  // Waits are as long as they may be.
  vi.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('LiveMp4Source', () => {
  it('hands out what is complete, and the codecs that the response tells', async () => {
    const { source, last, events } = setUp();
    source.start();
    last().open('avc1.42E01F, opus');
    const bytes = concat([init, fragment]);
    last().send(bytes.subarray(0, init.length + 10));
    await pass();
    expect(events).toEqual(['open avc1.42E01F+opus', 'init']);
    last().send(bytes.subarray(init.length + 10));
    await pass();
    expect(events.slice(2)).toEqual(['fragment']);
  });

  it('tells when all has come that was there already, where the response says how much that is', async () => {
    const { source, last, events } = setUp();
    source.start();
    last().open(undefined, { 'Livedrop-Backlog': String(init.length + fragment.length) });
    last().send(concat([init, fragment.subarray(0, 10)]));
    await pass();
    expect(events.slice(1)).toEqual(['init']);
    last().send(concat([fragment.subarray(10), fragment]));
    last().send(fragment);
    await pass();
    expect(events.slice(2)).toEqual(['fragment', 'fragment', 'caught up', 'fragment']);
  });

  it('asks again at once where a response with media is over', async () => {
    const { source, requests, last, events } = setUp();
    source.start();
    last().open();
    last().send(concat([init, fragment]));
    last().end();
    await pass();
    expect(requests).toHaveLength(2);
    expect(events).toEqual(['open avc1.42E01F', 'init', 'fragment']);
  });

  it('waits longer and longer where a response is over without media, or is none', async () => {
    const { source, requests, last, events } = setUp();
    source.start();
    last().answer(404);
    await pass(299);
    expect(requests).toHaveLength(1);
    await pass(1);
    expect(requests).toHaveLength(2);
    last().open();
    last().send(init);
    last().end();
    await pass(599);
    expect(requests).toHaveLength(2);
    await pass(1);
    expect(requests).toHaveLength(3);
    for (let time = 0; time < 6; time++) {
      last().answer(503);
      await pass(3000);
    }
    expect(requests).toHaveLength(9);
    expect(events.filter((event) => event === 'missing 503')).toHaveLength(6);
  });

  it('breaks off what says nothing for so long, before its header and after it', async () => {
    const { source, requests, last, events } = setUp();
    source.start();
    await pass(4999);
    expect(last().signal.aborted).toBe(false);
    await pass(1);
    expect(last().signal.aborted).toBe(true);
    expect(events).toEqual(['lost aborted']);
    await pass(300);
    last().open();
    last().send(concat([init, fragment]));
    await pass(4000);
    last().send(fragment);
    await pass(4999);
    expect(requests).toHaveLength(2);
    await pass(1);
    expect(requests[1]!.signal.aborted).toBe(true);
    expect(events.slice(-2)).toEqual(['fragment', 'lost aborted']);
    await pass(300);
    expect(requests).toHaveLength(3);
  });

  it('begins with short waits after each break of a connection that had brought media', async () => {
    const { source, requests, last } = setUp();
    source.start();
    for (let breaks = 1; breaks <= 6; breaks++) {
      last().open();
      last().send(concat([init, fragment]));
      await pass();
      last().break(new TypeError('network error'));
      await pass(300);
      expect(requests).toHaveLength(breaks + 1);
    }
  });

  it('takes bytes that are no MP4 for a broken connection, and lets go of them', async () => {
    const { source, requests, last, events } = setUp();
    source.start();
    last().open();
    last().send(new TextEncoder().encode('<!doctype html>'));
    await pass();
    expect(events.at(-1)).toMatch(/^lost /);
    expect(requests[0]!.signal.aborted).toBe(true);
    await pass(300);
    expect(requests).toHaveLength(2);
  });

  it('says nothing more when it was stopped, and leaves no timer and no request behind', async () => {
    const { source, requests, last, events } = setUp();
    source.start();
    last().open();
    last().send(concat([init, fragment]));
    await pass();
    source.stop();
    expect(source.isActive).toBe(false);
    expect(last().signal.aborted).toBe(true);
    const told = events.length;
    await pass(10_000);
    expect(requests).toHaveLength(1);
    expect(events).toHaveLength(told);
    expect(vi.getTimerCount()).toBe(0);
    source.start();
    last().answer(404);
    await pass(100);
    source.stop();
    await pass(10_000);
    expect(requests).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});
