import { describe, expect, it, vi } from 'vitest';
import { defaultLimits, defaultPackaging } from '../../../server/options.js';
import { liveMp4Routes } from '../../../server/routes/live-mp4.js';
import { PlaybackGate } from '../../../server/routes/playback-gate.js';
import { Audience } from '../../../server/streams/audience.js';
import { Quota } from '../../../server/streams/quota.js';
import { Refusals } from '../../../server/streams/refusals.js';
import { Streams } from '../../../server/streams/streams.js';
import { makeSamples, videoTrack } from '../../helpers/samples.js';
import { accessOf } from '../access/access-of.js';

const samples = makeSamples({ length: 6, frameRate: 10, audio: false });

/** A live stream of two seconds, and the app that plays it. */
function setUp() {
  const streams = new Streams(defaultPackaging, defaultLimits, new Audience());
  const stream = streams.create('one');
  stream.start([videoTrack]);
  for (const sample of samples.slice(0, 20)) stream.push(sample);
  const quota = new Quota(
    'viewers',
    { all: 'maxViewers', perAddress: 'maxViewersPerAddress' },
    defaultLimits,
    1,
  );
  const app = liveMp4Routes({
    ...{ streams, refusals: new Refusals(), gate: new PlaybackGate(accessOf()), limits: defaultLimits },
    ...{ waiting: quota, liveViewers: quota, clientAddress: () => undefined },
  });
  return { app, stream };
}

describe('live.mp4', () => {
  it('is one write a part, of bytes that all viewers share, and sets no timer for it', async () => {
    const { app, stream } = setUp();
    const viewers = await Promise.all(
      Array.from({ length: 3 }, async () => (await app.request('/one/live.mp4')).body!.getReader()),
    );
    const next = (): Promise<Uint8Array[]> =>
      Promise.all(viewers.map(async (viewer) => (await viewer.read()).value as Uint8Array));
    // The init segment, and what there is from the newest key frame on.
    const chunks = [await next()];
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const intervals = vi.spyOn(globalThis, 'setInterval');
    const before = stream.source.window.nextPart;
    for (const sample of samples.slice(20)) stream.push(sample);
    const parts = stream.source.window.nextPart - before;
    expect(parts).toBeGreaterThan(10);
    expect([timers.mock.calls, intervals.mock.calls]).toEqual([[], []]);
    timers.mockRestore();
    intervals.mockRestore();
    stream.end();
    for (let chunk = await next(); chunk[0]; chunk = await next()) chunks.push(chunk);
    expect(chunks.length).toBeGreaterThan(parts);
    expect(chunks.length).toBeLessThanOrEqual(parts + 8);
    for (const [first, ...others] of chunks) {
      for (const other of others) expect(other).toBe(first);
    }
  });
});
