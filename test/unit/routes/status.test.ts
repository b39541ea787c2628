import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readTracks } from '../../../server/ingest/frame-track.js';
import { FramesIngest } from '../../../server/ingest/frames-ingest.js';
import { defaultLimits, defaultPackaging, silentLogger } from '../../../server/options.js';
import { PlaybackGate } from '../../../server/routes/playback-gate.js';
import { statusRoutes } from '../../../server/routes/status.js';
import { Audience } from '../../../server/streams/audience.js';
import { Refusals } from '../../../server/streams/refusals.js';
import { Streams } from '../../../server/streams/streams.js';
import { accessOf } from '../access/access-of.js';

const limits = { ...defaultLimits, endedTime: 60 };

function setUp() {
  const audience = new Audience();
  const streams: Streams = new Streams(defaultPackaging, limits, audience);
  const app = statusRoutes({
    ...{ streams, audience, limits, connections: new Set(), isClosing: () => false },
    ...{ refusals: new Refusals(), used: () => new Map(), gate: new PlaybackGate(accessOf()) },
  });
  const faults = async (): Promise<Record<string, number>> => {
    const text = await (await app.request('/metrics')).text();
    expect(text).toContain('# TYPE livedrop_frame_faults_total counter\n');
    const found = text.matchAll(/^livedrop_frame_faults_total\{reason="([a-z-]+)"\} (\d+)$/gm);
    return Object.fromEntries(Array.from(found, ([, reason, count]) => [reason, Number(count)]));
  };
  /** A stream whose publisher sends this many messages that are no frames, and then ends. */
  const publish = async (id: string, messages: number): Promise<void> => {
    const stream = streams.create(id);
    const tracks = readTracks([{ id: 0, kind: 'video', codec: 'avc1.42E01F', width: 640, height: 360 }]);
    const ingest = new FramesIngest(
      { stream, tracks, limits, logger: silentLogger },
      { onFailure: () => {} },
    );
    for (let count = 0; count < messages; count++) ingest.write(Uint8Array.of(0, 1, 2));
    await ingest.end();
    stream.end();
  };
  return { app, streams, faults, publish };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('frame faults', () => {
  it('are told of each stream', async () => {
    const { app, publish } = setUp();
    await publish('one', 3);
    const state = (await (await app.request('/livestream/one')).json()) as { frameFaults: object };
    expect(state.frameFaults).toMatchObject({ 'short-header': 3 });
  });

  it('are counted over all streams, and never go back', async () => {
    const { streams, faults, publish } = setUp();
    expect(await faults()).toEqual({});
    await publish('one', 3);
    await publish('two', 4);
    expect(await faults()).toMatchObject({ 'short-header': 7 });
    // Another of the same name makes the first be forgotten at once, the time all of them.
    await publish('one', 1);
    expect(await faults()).toMatchObject({ 'short-header': 8 });
    vi.advanceTimersByTime(60_000);
    expect([...streams]).toEqual([]);
    expect(await faults()).toMatchObject({ 'short-header': 8 });
  });
});

describe('faults of a rendition that is made', () => {
  it('are told beside those of the source, and counted over all streams', async () => {
    const { app, streams } = setUp();
    const stream = streams.create('one');
    stream.countDerivedFault('overlap');
    const state = (await (await app.request('/livestream/one')).json()) as { derivedFaults: object };
    expect(state).toMatchObject({ frameFaults: {}, derivedFaults: { overlap: 1 } });
    stream.end();
    vi.advanceTimersByTime(60_000);
    expect(await (await app.request('/metrics')).text()).toContain(
      'livedrop_derived_frame_faults_total{reason="overlap"} 1\n',
    );
  });
});

describe('transcoder faults', () => {
  it('are told of each stream, and counted over all of them', async () => {
    const { app, streams } = setUp();
    const stream = streams.create('one');
    stream.countTranscoderFault('stall');
    stream.countTranscoderFault('stall');
    const state = (await (await app.request('/livestream/one')).json()) as { transcoderFaults: object };
    expect(state.transcoderFaults).toEqual({ stall: 2 });
    stream.end();
    vi.advanceTimersByTime(60_000);
    expect(await (await app.request('/metrics')).text()).toContain(
      'livedrop_transcoder_faults_total{fault="stall"} 2\n',
    );
  });
});
