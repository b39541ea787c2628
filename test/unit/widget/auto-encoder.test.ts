import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EncoderEvents } from '../../../widget/media/encoder.js';
import type { EncoderKind } from '../../../widget/media/auto-encoder.js';

const FRAMES = { kind: 'frames', tracks: [] };
const FILE = { kind: 'container', mimeType: 'video/webm;codecs=h264,opus' };

/** How a worker is, after the page may make one. */
type Manner = 'works' | 'silent' | 'forbidden' | 'no encoder';
let manner: Manner;

class FakeWorker extends EventTarget {
  static made: FakeWorker[] = [];
  onmessage: ((event: MessageEvent) => void) | null = null;
  isTerminated = false;

  constructor() {
    super();
    if (manner === 'forbidden') throw new DOMException('no worker here', 'SecurityError');
    FakeWorker.made.push(this);
    if (manner !== 'silent') queueMicrotask(() => this.#says({ type: 'ready' }));
  }

  postMessage({ type, video }: { type: string; video?: { kind: string } }): void {
    if (video?.kind === 'track') throw new DOMException('tracks stay in windows', 'DataCloneError');
    if (type === 'start' && manner === 'works') this.#says({ type: 'format', format: FRAMES, origin: 1 });
    if (type === 'start' && manner === 'no encoder') this.#says({ type: 'error', message: 'no encoder' });
    if (type === 'stop') this.#says({ type: 'stopped' });
  }

  terminate(): void {
    this.isTerminated = true;
  }

  #says(data: object): void {
    const event = new MessageEvent('message', { data });
    this.dispatchEvent(event);
    this.onmessage?.(event);
  }
}

class FakeRecorder {
  static isTypeSupported = (type: string): boolean => type === FILE.mimeType;
  static made: FakeRecorder[] = [];
  state = 'inactive';
  onstop: (() => void) | null = null;
  ondataavailable: ((event: { data: Blob }) => void) | null = null;

  constructor() {
    FakeRecorder.made.push(this);
  }

  start(): void {
    this.state = 'recording';
  }

  stop(): void {
    this.state = 'inactive';
    this.onstop?.();
  }
}

class FakeProcessor {
  readable = new ReadableStream();
}

const track = Object.assign(new EventTarget(), {
  ...{ kind: 'video', readyState: 'live', getSettings: () => ({}) },
  clone: () => ({ stop: () => {} }),
});
const stream = { getVideoTracks: () => [track], getAudioTracks: () => [], getTracks: () => [track] };

/** What browsers with WebCodecs have; none of the codecs in `not`. */
function stubBrowser(not: string[] = []): void {
  const isConfigSupported = (config: { codec: string }) =>
    Promise.resolve({ config, supported: !not.some((codec) => config.codec.startsWith(codec)) });
  vi.stubGlobal('VideoEncoder', { isConfigSupported });
  vi.stubGlobal('AudioEncoder', { isConfigSupported });
  vi.stubGlobal('OffscreenCanvas', class {});
  vi.stubGlobal('MediaStreamTrackProcessor', FakeProcessor);
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('MediaRecorder', FakeRecorder);
}

/** A page that asks for the first time: the answer to what the browser can is kept. */
const loadPage = () => import('../../../widget/media/auto-encoder.js');

async function make(kind: EncoderKind) {
  const { AutoEncoder } = await loadPage();
  const heard: string[] = [];
  const events: EncoderEvents = {
    onData: (bytes) => heard.push(`${bytes.byteLength} bytes`),
    onError: ({ code }) => heard.push(code),
  };
  return { encoder: new AutoEncoder(stream as unknown as MediaStream, events, kind), heard };
}

beforeEach(() => {
  manner = 'works';
  FakeWorker.made = [];
  FakeRecorder.made = [];
  vi.resetModules();
  vi.useFakeTimers();
  stubBrowser();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('AutoEncoder', () => {
  it.each(['auto', 'webcodecs'] as const)('encodes frames where the browser can (%s)', async (kind) => {
    const { encoder } = await make(kind);
    expect(await encoder.start()).toEqual(FRAMES);
    expect(encoder.health?.kind).toBe('webcodecs');
    await encoder.stop();
    expect(FakeWorker.made.map(({ isTerminated }) => isTerminated)).toEqual([true]);
  });

  it('encodes frames, and says so, where the browser breaks no track into them', async () => {
    vi.stubGlobal('MediaStreamTrackProcessor', undefined);
    vi.stubGlobal('MediaStream', class {});
    const play = () => Promise.resolve();
    vi.stubGlobal('document', { createElement: () => ({ play, readyState: 0 }) });
    vi.stubGlobal('HTMLMediaElement', { HAVE_CURRENT_DATA: 2 });
    const { encoder } = await make('auto');
    expect(await encoder.start()).toEqual(FRAMES);
    expect(encoder.health).toMatchObject({ kind: 'webcodecs', frameRate: 30 });
    expect(FakeRecorder.made).toEqual([]);
    await encoder.stop();
  });

  it.each([
    ['H.264', ['avc1']],
    ['audio', ['opus', 'mp4a']],
  ])('records a file where the browser encodes no %s, and says so if it is not to', async (_name, not) => {
    stubBrowser(not);
    const { encoder } = await make('auto');
    expect(await encoder.start()).toEqual(FILE);
    expect(encoder.health?.kind).toBe('mediarecorder');
    expect(FakeWorker.made).toEqual([]);
    await expect((await make('webcodecs')).encoder.start()).rejects.toMatchObject({
      code: 'UNSUPPORTED_BROWSER',
      message: expect.stringContaining('use encoder "auto"'),
    });
  });

  it.each([
    ['file', ['avc1']],
    ['frames', []],
  ])('starts nothing that was stopped while the browser was asked what it can (%s)', async (_name, not) => {
    stubBrowser(not);
    const { encoder } = await make('auto');
    const started = encoder.start();
    await encoder.stop();
    await expect(started).rejects.toMatchObject({ code: 'NOT_STREAMING' });
    expect(FakeRecorder.made).toEqual([]);
    expect(FakeWorker.made).toEqual([]);
  });

  it('asks for no other encoder than the one that it is told', async () => {
    const { encoder } = await make('mediarecorder');
    expect(await encoder.start()).toEqual(FILE);
    expect(encoder.refused()).toBeUndefined();
    expect(FakeWorker.made).toEqual([]);
  });

  it.each<[Manner, string]>([
    ['forbidden', 'UNSUPPORTED_BROWSER'],
    ['no encoder', 'MEDIA_ERROR'],
  ])('records a file where a worker is of no use (%s)', async (how, code) => {
    manner = how;
    const { encoder } = await make('auto');
    expect(await encoder.start()).toEqual(FILE);
    expect(encoder.health?.kind).toBe('mediarecorder');
    await expect((await make('webcodecs')).encoder.start()).rejects.toMatchObject({ code });
  });

  it('gives a worker that does not answer five seconds: there is time for a file before the server is missed', async () => {
    manner = 'silent';
    const { encoder } = await make('auto');
    const started = encoder.start();
    await vi.waitFor(() => expect(FakeWorker.made).toHaveLength(1));
    await vi.advanceTimersByTimeAsync(5001);
    expect(FakeRecorder.made).toHaveLength(1);
    expect(await started).toEqual(FILE);
    // Nor does one stay that answers after all.
    await vi.advanceTimersByTimeAsync(10_000);
    expect(FakeWorker.made.map(({ isTerminated }) => isTerminated)).not.toContain(false);
  });

  it('takes the worker that was prepared, and the next one another', async () => {
    const { prepareEncoder } = await loadPage();
    await Promise.all([prepareEncoder(), prepareEncoder()]);
    expect(FakeWorker.made).toHaveLength(1);
    const { encoder } = await make('auto');
    expect(await encoder.start()).toEqual(FRAMES);
    expect(FakeWorker.made).toHaveLength(1);
    const next = (await make('auto')).encoder;
    expect(await next.start()).toEqual(FRAMES);
    expect(FakeWorker.made).toHaveLength(2);
    await Promise.all([encoder.stop(), next.stop()]);
    expect(FakeWorker.made.map(({ isTerminated }) => isTerminated)).toEqual([true, true]);
  });

  it('tries again where none could be prepared, and prepares none that is of no use', async () => {
    manner = 'forbidden';
    const { prepareEncoder } = await loadPage();
    await prepareEncoder();
    await vi.advanceTimersByTimeAsync(0);
    manner = 'works';
    const { encoder } = await make('webcodecs');
    expect(await encoder.start()).toEqual(FRAMES);
    await encoder.stop();
    vi.resetModules();
    FakeWorker.made = [];
    stubBrowser(['avc1']);
    await (await loadPage()).prepareEncoder();
    expect(FakeWorker.made).toEqual([]);
  });

  it('records a file where the server refuses frames, and is heard no more as the other', async () => {
    const { encoder, heard } = await make('auto');
    await encoder.start();
    const [worker] = FakeWorker.made;
    const late = worker!.onmessage!;
    expect(await encoder.refused()).toEqual(FILE);
    late(new MessageEvent('message', { data: { type: 'data', bytes: new ArrayBuffer(3) } }));
    FakeRecorder.made[0]!.ondataavailable!({ data: new Blob(['12345']) });
    await vi.waitFor(() => expect(heard).toEqual(['5 bytes']));
    expect(encoder.refused()).toBeUndefined();
    await encoder.stop();
    expect(worker!.isTerminated).toBe(true);
  });

  it('has no other format to offer where it is told to encode frames', async () => {
    const { encoder } = await make('webcodecs');
    await encoder.start();
    expect(encoder.refused()).toBeUndefined();
    await encoder.stop();
  });
});

describe('supportsWebCodecs', () => {
  it.each(['Worker', 'VideoEncoder', 'AudioEncoder', 'OffscreenCanvas'])('needs %s', async (name) => {
    expect(await (await loadPage()).supportsWebCodecs()).toBe(true);
    vi.resetModules();
    vi.stubGlobal(name, undefined);
    delete (globalThis as Record<string, unknown>)[name];
    expect(await (await loadPage()).supportsWebCodecs()).toBe(false);
  });

  it('is false where asking fails', async () => {
    vi.stubGlobal('VideoEncoder', { isConfigSupported: () => Promise.reject(new TypeError()) });
    expect(await (await loadPage()).supportsWebCodecs()).toBe(false);
  });
});
