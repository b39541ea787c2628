import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

/** µs: 960 frames at 48 kHz. */
const PIECE = 20_000;

/** A worker that answers what sound it is sent when it is told to. */
class FakeWorker extends EventTarget {
  static last: FakeWorker;
  onmessage: ((event: MessageEvent) => void) | null = null;
  sound: { timestamp: number }[] = [];

  constructor() {
    super();
    FakeWorker.last = this;
    queueMicrotask(() => this.says({ type: 'ready' }));
  }

  postMessage({ type, data }: { type: string; data: { timestamp: number } }): void {
    if (type === 'start') this.says({ type: 'format', format: { kind: 'frames', tracks: [] }, origin: 1 });
    if (type === 'audio-data') this.sound.push(data);
    if (type === 'stop') this.says({ type: 'stopped' });
  }

  terminate(): void {}

  says(data: object): void {
    const event = new MessageEvent('message', { data });
    this.dispatchEvent(event);
    this.onmessage?.(event);
  }

  /** Takes all that came. */
  take(): void {
    for (const _ of this.sound.splice(0)) this.says({ type: 'audio-taken' });
    this.says({ type: 'counts', counts: { frames: 0, dropped: 0, queue: 0 } });
  }
}

class FakeAudioData {
  static open = 0;
  readonly duration = PIECE;
  readonly timestamp: number;
  constructor({ timestamp }: { timestamp: number }) {
    this.timestamp = timestamp;
    FakeAudioData.open += 1;
  }
  close(): void {
    FakeAudioData.open -= 1;
  }
}

class FakeAudioContext {
  sampleRate = 48_000;
  audioWorklet = { addModule: () => Promise.resolve() };
  createMediaStreamSource = () => ({ connect: () => {} });
  resume = () => Promise.resolve();
  close = () => Promise.resolve();
}

type Port = { onmessage?: (event: { data: object }) => void; postMessage: (message: unknown) => void };
let port: Port;

class FakeWorkletNode {
  port = port;
}

const track = Object.assign(new EventTarget(), {
  kind: 'audio',
  readyState: 'live',
  getSettings: () => ({}),
});
const stream = { getVideoTracks: () => [], getAudioTracks: () => [track], getTracks: () => [track] };

/** Without MediaStreamTrackProcessor, as Firefox is. */
beforeEach(() => {
  port = { postMessage: () => {} };
  FakeAudioData.open = 0;
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('MediaStream', class {});
  vi.stubGlobal('AudioData', FakeAudioData);
  vi.stubGlobal('AudioContext', FakeAudioContext);
  vi.stubGlobal('AudioWorkletNode', FakeWorkletNode);
});
afterEach(() => vi.unstubAllGlobals());

async function start() {
  const { WebCodecsEncoder } = await import('../../../widget/media/webcodecs-encoder.js');
  const events = { onData: () => {}, onError: (error: Error) => expect.unreachable(error.message) };
  const encoder = new WebCodecsEncoder(stream as unknown as MediaStream, events);
  await encoder.start();
  let heard = 0;
  const hear = (seconds: number, leftOut = 0): void => {
    for (const end = heard + seconds * 48_000; heard < end; heard += 960) {
      port.onmessage!({ data: { planes: [new Float32Array(960)], frame: heard, leftOut } });
    }
  };
  return { encoder, hear };
}

describe('sound that is sent to a worker', () => {
  it('is 3 s and no more while the worker stands still; what is left out is counted, and a gap in time', async () => {
    const { encoder, hear } = await start();
    const worker = FakeWorker.last;
    hear(60);
    expect(worker.sound).toHaveLength(150);
    expect(FakeAudioData.open).toBe(150);
    expect(worker.sound.at(-1)!.timestamp).toBe(3e6 - PIECE);
    worker.take();
    expect(encoder.health.dropped).toBe(2850);
    hear(1);
    expect(worker.sound[0]!.timestamp).toBe(60e6);
    expect(worker.sound).toHaveLength(50);
    await encoder.stop();
  });

  it('was answered for, and what was left out before the page had it is counted', async () => {
    const answers = vi.spyOn(port, 'postMessage');
    const { encoder, hear } = await start();
    hear(0.02, 7);
    expect(answers).toHaveBeenCalledTimes(1);
    FakeWorker.last.take();
    expect(encoder.health.dropped).toBe(7);
    await encoder.stop();
  });

  it('is all there while the worker takes it', async () => {
    const { encoder, hear } = await start();
    for (let second = 0; second < 20; second++) {
      hear(1);
      expect(FakeWorker.last.sound).toHaveLength(50);
      FakeWorker.last.take();
    }
    expect(encoder.health).toMatchObject({ kind: 'webcodecs', dropped: 0 });
    await encoder.stop();
  });
});
