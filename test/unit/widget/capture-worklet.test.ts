import { afterEach, expect, it, vi } from 'vitest';

interface Message {
  planes: Float32Array[];
  frame: number;
  leftOut: number;
}

interface Processor {
  port: { onmessage?: (answer: object) => void };
  process(inputs: Float32Array[][]): boolean;
}

afterEach(() => vi.unstubAllGlobals());

it('sends a page that stands still 2 s of sound and no more, and says what was left out', async () => {
  const sent: Message[] = [];
  let Capture: (new () => Processor) | undefined;
  class AudioWorkletProcessor {
    port = { postMessage: (message: Message) => sent.push(message) };
  }
  vi.stubGlobal('AudioWorkletProcessor', AudioWorkletProcessor);
  vi.stubGlobal('registerProcessor', (_name: string, processor: typeof Capture) => (Capture = processor));
  // A script, not a module: it has nothing to give.
  const script: string = '../../../widget/media/capture-worklet.js';
  await import(script);
  const processor = new Capture!();
  let frame = 0;
  const hear = (seconds: number): void => {
    for (const end = frame + seconds * 48_000; frame < end; frame += 128) {
      vi.stubGlobal('currentFrame', frame);
      processor.process([[new Float32Array(128)]]);
    }
  };

  hear(60);
  expect(sent).toHaveLength(100);
  expect(sent.at(-1)).toMatchObject({ frame: 99 * 960, leftOut: 0 });
  for (const message of sent.splice(0)) processor.port.onmessage!(message);
  hear(1);
  expect(sent).toHaveLength(50);
  // It goes on where it is, not where it was.
  expect(sent.map(({ frame: at, leftOut }) => [at, leftOut]).slice(0, 2)).toEqual([
    [60 * 48_000, 2900],
    [60 * 48_000 + 960, 0],
  ]);
});
