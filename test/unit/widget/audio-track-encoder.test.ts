import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AudioTrackEncoder } from '../../../widget/media/audio-track-encoder.js';
import { MediaClock } from '../../../widget/media/media-clock.js';

const RATE = 48_000;
const CONFIG = { codec: 'opus', sampleRate: RATE, numberOfChannels: 1 };
/** µs. */
const PIECE = 10_000;

interface Init {
  numberOfFrames: number;
  sampleRate?: number;
  timestamp: number;
  data: Float32Array;
}

/** Each sample says, in ms, when it was captured; silence is 0. */
class FakeAudioData {
  readonly sampleRate: number;
  readonly numberOfChannels = 1;
  readonly numberOfFrames: number;
  readonly samples: Float32Array;
  constructor({ numberOfFrames, sampleRate = RATE, data }: Init) {
    this.sampleRate = sampleRate;
    this.numberOfFrames = numberOfFrames;
    this.samples = data;
  }
  copyTo(target: Float32Array, { frameOffset = 0 } = {}): void {
    target.set(this.samples.subarray(frameOffset, frameOffset + target.length));
  }
  close(): void {}
}

/** Gives each piece back as one chunk of its length; what comes while it is `held`, when that is emptied. */
class FakeAudioEncoder {
  static held: FakeAudioData[] | undefined;
  static last: FakeAudioEncoder;
  state = 'unconfigured';
  constructor(private readonly init: { output: (chunk: object) => void }) {
    FakeAudioEncoder.last = this;
  }
  get encodeQueueSize(): number {
    return FakeAudioEncoder.held?.length ?? 0;
  }
  /** Works on the oldest piece that is held. */
  work(): void {
    const piece = FakeAudioEncoder.held!.shift();
    if (piece) this.#output(piece);
  }
  configure(): void {
    this.state = 'configured';
  }
  encode(piece: FakeAudioData): void {
    if (FakeAudioEncoder.held) FakeAudioEncoder.held.push(piece);
    else this.#output(piece);
  }
  #output({ numberOfFrames, sampleRate, samples }: FakeAudioData): void {
    const duration = (numberOfFrames * 1e6) / sampleRate;
    this.init.output({
      duration,
      byteLength: 4,
      copyTo: (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).setFloat32(0, samples[0]!),
    });
  }
}

/** An encoder whose timestamps begin at 0 µs of the clock, and how far each piece that came out is from where it was captured, ms. */
function setUp(sampleRate = RATE) {
  const chunks: { timestamp: number; captured: number }[] = [];
  const encoder = new AudioTrackEncoder(
    { ...CONFIG, sampleRate },
    {
      onConfig: () => {},
      onData: (message) => {
        const view = new DataView(message);
        chunks.push({ timestamp: Number(view.getBigInt64(4)) / 1000, captured: view.getFloat32(16) });
      },
      onError: (error) => expect.unreachable(error.message),
    },
  );
  encoder.begin(0);
  const push = (time: number): void => {
    const data = Float32Array.from({ length: 480 }, (_, at) => (time + (at * 1e6) / RATE) / 1000);
    encoder.push(new AudioData({ numberOfFrames: 480, timestamp: 0, data } as never), time);
  };
  const pushAll = (from: number, until: number): void => {
    for (let time = from; time < until; time += PIECE) push(time);
  };
  const offOf = (from: number): number[] =>
    chunks
      .filter(({ captured }) => captured >= from / 1000)
      .map(({ timestamp, captured }) => timestamp - captured);
  return { encoder, chunks, push, pushAll, offOf };
}

beforeEach(() => {
  FakeAudioEncoder.held = undefined;
  vi.stubGlobal('AudioData', FakeAudioData);
  vi.stubGlobal('AudioEncoder', FakeAudioEncoder);
});
afterEach(() => vi.unstubAllGlobals());

describe('AudioTrackEncoder', () => {
  it.each([
    ['sooner than silence was put', 1.4e6],
    ['a little later than that', 1.65e6 + 3000],
  ])('puts sound exactly where it was captured after silence: it comes back %s', (_name, back) => {
    const { encoder, pushAll, offOf } = setUp();
    pushAll(10_000, 1e6);
    // Nothing comes for a while: silence until 1.625 s.
    for (let now = 1e6; now <= 1.75e6; now += 100_000) encoder.fill(now);
    encoder.fill(1.75e6);
    pushAll(back, 3e6);
    const off = offOf(back);
    expect(off.length).toBeGreaterThan(100);
    expect(Math.max(...off.map(Math.abs))).toBeLessThan(0.1);
  });

  it('leaves out what comes for a time that others have taken, to the sample', () => {
    const { pushAll, offOf } = setUp();
    pushAll(10_000, 1e6);
    pushAll(0.85e6 + 4000, 2e6);
    expect(Math.max(...offOf(1.01e6).map(Math.abs))).toBeLessThan(0.1);
  });

  it('follows a clock that is a little off in small steps, and without a hole', () => {
    const { chunks, pushAll } = setUp();
    pushAll(10_000, 1e6);
    pushAll(1e6 + 30_000, 3e6);
    const steps = chunks.slice(1).map(({ timestamp }, at) => timestamp - chunks[at]!.timestamp);
    expect(Math.max(...steps)).toBeLessThan(10.5);
    expect(Math.min(...steps)).toBeGreaterThan(9.5);
  });

  it('leaves out what an encoder that stands has no room for, and puts the rest where it was captured', () => {
    const { encoder, chunks, pushAll, offOf } = setUp();
    pushAll(10_000, 1e6);
    FakeAudioEncoder.held = [];
    for (let now = 1e6; now < 61e6; now += 100_000) {
      pushAll(now, now + 100_000);
      encoder.fill(now + 100_000);
    }
    expect(FakeAudioEncoder.held).toHaveLength(300);
    expect(encoder.dropped).toBe(5700);
    // Ten times as fast as sound is played, until nothing is left.
    for (let now = 61e6; FakeAudioEncoder.held.length > 0; now += PIECE) {
      for (let count = 0; count < 10; count++) FakeAudioEncoder.last.work();
      if (now < 65e6) pushAll(now, now + PIECE);
    }
    expect(encoder.dropped).toBe(5700);
    expect(chunks.length).toBeGreaterThan(99 + 300 + 390);
    expect(Math.max(...offOf(10_000).map(Math.abs))).toBeLessThan(0.1);
  });

  it('is silent for what an encoder had no room for, where that is short', () => {
    const { encoder, chunks, pushAll, offOf } = setUp();
    FakeAudioEncoder.held = [];
    pushAll(10_000, 4e6);
    expect(encoder.dropped).toBe(99);
    while (FakeAudioEncoder.held.length > 0) FakeAudioEncoder.last.work();
    FakeAudioEncoder.held = undefined;
    pushAll(4e6, 5e6);
    expect(chunks.filter(({ captured }) => captured === 0)).toHaveLength(1);
    expect(Math.max(...offOf(10_000).map(Math.abs))).toBeLessThan(0.1);
  });

  it('goes on where a machine wakes that slept', () => {
    const { encoder, pushAll, offOf } = setUp();
    encoder.fill(10_000);
    pushAll(5e6, 6e6);
    pushAll(20e6, 21e6);
    expect(Math.max(...offOf(0).map(Math.abs))).toBeLessThan(0.1);
  });

  it.each([-300, 300])(
    'stays with the picture for an hour, by a sound device whose clock is off by %i millionths',
    (millionths) => {
      // Few samples: they are all touched.
      const [sampleRate, numberOfFrames, piece] = [8000, 160, 20_000];
      const { encoder, chunks } = setUp(sampleRate);
      const clock = new MediaClock();
      const rate = 1 + millionths / 1e6;
      let worst = 0;
      for (let index = 1; index * piece < 3600e6; index++) {
        const captured = (index * piece) / rate;
        // The way here takes between 5 and 20 ms.
        const arrival = captured + 5000 + ((index * 7919) % 15_000);
        const data = new Float32Array(numberOfFrames).fill(captured / 1000);
        const time = clock.map(7e9 + index * piece, arrival);
        encoder.push(new AudioData({ numberOfFrames, sampleRate, timestamp: 0, data } as never), time);
        const chunk = chunks.pop();
        if (chunk) worst = Math.max(worst, Math.abs(chunk.timestamp - chunk.captured));
      }
      expect(worst).toBeLessThan(40);
      expect(worst).toBeGreaterThan(0);
    },
  );
});
