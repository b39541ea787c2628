import { beforeEach, expect, it } from 'vitest';
import type { NumberedStream } from '../../chaos/numbered-stream.js';
import type { Cast } from '../../soak/cast.js';
import { readOptions } from '../../soak/options.js';
import { noLosses, probe } from '../../soak/probe.js';

const memory = { rss: 1, heapUsed: 1, external: 1 };
let resources = () => ({});
beforeEach(() => (resources = () => ({ TCPSocketWrap: 2 })));

const server = {
  pid: process.pid,
  ask: (question: string) => Promise.resolve(question === 'memory' ? memory : resources()),
};
const castOf = (...streams: Partial<NumberedStream>[]): Cast => ({ server, streams }) as unknown as Cast;

it('a look counts what is lost and what else viewers noticed, of every stream and since the beginning', async () => {
  const stream: Partial<NumberedStream> = {
    look: () =>
      Promise.resolve({
        balance: { lost: 1, altered: 0, repeated: 2, delays: [100] },
        breaks: { discontinuities: 3, ends: 0, gaps: 4 },
      }),
  };
  const losses = noLosses();
  for (let look = 0; look < 2; look++) {
    const { values } = await probe(castOf(stream, stream), losses, performance.now());
    expect(values).toMatchObject({ sockets: 2, delayP50: 100 });
  }
  expect(losses).toEqual({ lost: 4, altered: 0, repeated: 8, discontinuities: 12, ends: 0, gaps: 16 });
});

it('a look counts what is open most of the time, and nothing that is under way', async () => {
  const timers = [4, 11, 10];
  resources = () => ({
    TCPSocketWrap: 2,
    PipeWrap: 5,
    Timeout: timers.shift(),
    WriteWrap: 30,
    FSReqPromise: 7,
    Immediate: 1,
  });
  const { values } = await probe(castOf(), noLosses(), 0);
  expect(values).toMatchObject({ sockets: 2, handles: 16 });
  expect(timers).toEqual([]);
});

it('a stream that is published no more ends it', async () => {
  const ended: Partial<NumberedStream> = {
    look: () =>
      Promise.resolve({
        balance: { lost: 0, altered: 0, repeated: 0, delays: [] },
        breaks: { discontinuities: 0, ends: 0, gaps: 0 },
      }),
    problem: new Error('the server refused it'),
  };
  await expect(probe(castOf(ended), noLosses(), 0)).rejects.toThrow('the server refused it');
});

it.each([
  [['--streams', '2.5'], /--streams is "2.5". Give a whole number from 1 to 20/],
  [['--minutes', '0.1'], /--minutes is "0.1". Give a number from 0.5/],
])('%j are refused', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
