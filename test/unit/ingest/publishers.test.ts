import { describe, expect, it } from 'vitest';
import { ascii, box, concat } from '../../../server/hls/boxes.js';
import { writeInitSegment } from '../../../server/hls/init-segment.js';
import { Publishers, type PublishersOptions } from '../../../server/ingest/publishers.js';
import { hashToken } from '../../../server/ingest/resume-token.js';
import type { StateKeeper } from '../../../server/ingest/state-keeper.js';
import type { TranscoderFactory } from '../../../server/ingest/transcoder.js';
import { defaultLimits, defaultPackaging, silentLogger } from '../../../server/options.js';
import type { StartStreamMessage } from '../../../server/protocol.js';
import { Audience } from '../../../server/streams/audience.js';
import { Refusals } from '../../../server/streams/refusals.js';
import { readStreamState, type StreamState } from '../../../server/streams/stream-state.js';
import { Streams } from '../../../server/streams/streams.js';
import { videoTrack } from '../../helpers/samples.js';

const message: StartStreamMessage = {
  type: 'start-stream',
  streamId: 'show',
  format: {
    kind: 'frames',
    tracks: [{ id: 0, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 }],
  },
};

const container: StartStreamMessage = { type: 'start-stream', streamId: 'file' };

function setUp(options: Partial<PublishersOptions> = {}) {
  const audience = new Audience();
  const streams = new Streams(defaultPackaging, defaultLimits, audience);
  const forgotten: string[] = [];
  const withoutPlace: string[] = [];
  const keeper = {
    note() {},
    saveFinal: () => Promise.resolve(),
    settled: () => Promise.resolve(),
    forget: (streamId: string) => forgotten.push(streamId),
    dropPlace: ({ streamId }: StreamState) => withoutPlace.push(streamId),
  } as unknown as StateKeeper;
  const publishers = new Publishers({
    ...{ streams, audience, limits: defaultLimits, packaging: defaultPackaging, refusals: new Refusals() },
    ...{ transcoders: undefined, logger: silentLogger, keeper },
    ...options,
  });
  return { publishers, streams, forgotten, withoutPlace };
}

it('nobody resumes what stands on a key that was revoked, before the stream has ended too', async () => {
  let stands = true;
  const { publishers } = setUp({ stands: () => stands });
  const grant = { key: { id: 'key', hash: 'hash' } };
  const token = publishers.start(message, undefined, { grant }).resumeToken;
  const again = { ...message, resume: { token } };
  const tokenHash = await hashToken(token);
  expect(publishers.canResume(again, tokenHash)).toBe(true);
  stands = false;
  expect(publishers.canResume(again, tokenHash)).toBe(false);
  publishers.endRevoked();
  stands = true;
  expect(publishers.canResume(again, tokenHash)).toBe(false);
});

it('nobody starts on a key that was revoked while it was being recognised', () => {
  const { publishers, streams } = setUp({ stands: () => false });
  const grant = { key: { id: 'key', hash: 'hash' } };
  expect(() => publishers.start(message, undefined, { grant })).toThrow(
    expect.objectContaining({ code: 'UNAUTHORIZED' }),
  );
  expect(streams.get('show')).toBeUndefined();
});

describe('a session whose last media still comes out', () => {
  /** Its stream is ended, its transcoder is not through yet. */
  const setUpEnding = () => {
    let flush = (): void => {};
    const transcoders: TranscoderFactory = {
      start: (_, { onExit }) => ({
        write: () => true,
        drained: () => Promise.resolve(),
        end: () => (flush = onExit),
        kill: () => {},
      }),
    };
    const all = setUp({ transcoders, limits: { ...defaultLimits, maxStreamsPerAddress: 1 } });
    const container: StartStreamMessage = { type: 'start-stream', streamId: 'show' };
    const before = all.publishers.start(container, undefined, { address: '192.0.2.1' });
    before.receive(
      concat([box('ftyp', ascii('iso6')), writeInitSegment([videoTrack]), box('moof'), box('mdat')]),
    );
    const over = before.stop('timed-out');
    return { ...all, container, over, flush: () => flush() };
  };

  it('does not make the state of the one that took its place be forgotten', async () => {
    const { publishers, forgotten, container, over, flush } = setUpEnding();
    const after = publishers.start(container, undefined, { address: '192.0.2.2' });
    flush();
    await over;
    expect(forgotten).toEqual([]);
    await after.stop('stopped');
    expect(forgotten).toEqual(['show']);
  });

  it('is no reason for an address to have more streams than it may', () => {
    const { publishers, container } = setUpEnding();
    publishers.start({ ...container, streamId: 'other' }, undefined, { address: '192.0.2.2' });
    expect(() => publishers.start(container, undefined, { address: '192.0.2.2' })).toThrow(
      'from your address',
    );
  });
});

/** What another process left of a stream. */
const lostStream = (streamId: string): StreamState => ({
  ...{ streamId, savedAt: Date.now(), startedAt: Date.now(), tokenHash: 'x'.repeat(43) },
  ...{ isFinal: true, received: 0 },
  source: {
    ...{ epoch: 'a', mediaEpoch: 'a', mediaSequence: 1, discontinuitySequence: 0, partTarget: 0.2 },
    ...{ targetDuration: 2, mediaTime: 1, programDate: 1 },
  },
});

describe('a container that another process began', () => {
  const transcoders: TranscoderFactory = {
    start: () => ({ write: () => true, drained: () => Promise.resolve(), end: () => {}, kill: () => {} }),
  };
  const place = { header: 'AAAA', message: 40, offset: 3 };

  it.each([
    ['all from the place on', { kept: 40 }, place, 40],
    ['more than that', { kept: 0 }, place, 40],
    ['less', { kept: 41 }, place, 0],
    ['nobody knows what', {}, place, 0],
    ['what frames have', { from: 40 }, place, 0],
    ['all from the first message on', { kept: 0 }, { ...place, message: 0 }, 0],
    ['a place that is not known', { kept: 0 }, undefined, 0],
  ])('goes on with a publisher that still has %s', (_what, resume, known, received) => {
    const { publishers, withoutPlace } = setUp({ transcoders });
    publishers.adopt({ ...lostStream('file'), received: 50, place: known });
    const again = { type: 'start-stream', streamId: 'file', resume: { token: 't', ...resume } } as const;
    const session = publishers.start(again, 'x'.repeat(43));
    expect(session.received).toBe(received);
    // Its messages have other numbers from here on.
    expect(withoutPlace).toEqual(known && received === 0 ? ['file'] : []);
  });

  it('does not go on as frames', () => {
    const { publishers } = setUp({ transcoders });
    publishers.adopt({ ...lostStream('show'), place });
    const { received } = publishers.start({ ...message, resume: { token: 't', kept: 0 } }, 'x'.repeat(43));
    expect(received).toBe(0);
  });
});

it('a publisher that comes back after a restart may send at once what it made meanwhile, and no more', () => {
  const limits = { ...defaultLimits, maxMessageRate: 10, graceTime: 30, restartTime: 30 };
  const transcoders: TranscoderFactory = {
    start: () => ({ write: () => true, drained: () => Promise.resolve(), end: () => {}, kill: () => {} }),
  };
  const takes = (away: number): number => {
    const { publishers } = setUp({ transcoders, limits });
    publishers.adopt({ ...lostStream('file'), savedAt: Date.now() - away * 1000 });
    const session = publishers.start({ ...container, resume: { token: 't' } }, 'x'.repeat(43));
    session.attach({ send() {}, close() {}, pause() {}, resume() {} });
    session.receive(concat([box('ftyp', ascii('iso6')), writeInitSegment([videoTrack])]));
    let count = 1;
    for (const piece = box('moof'); !session.isOver && count < 2000; count++) session.receive(piece);
    return count - 1;
  };
  // A burst of 10 s, and the time of its absence, which is bounded.
  expect(takes(28)).toBeGreaterThanOrEqual(380);
  expect(takes(28)).toBeLessThan(400);
  expect(takes(3600)).toBeLessThan(720);
});

it('a stream goes on being for the pages of its key, also after a restart', () => {
  const playbackOrigins = ['https://blog.example'];
  const { publishers, streams } = setUp();
  publishers.start(message, undefined, { grant: { playbackOrigins } });
  expect(streams.get('show')).toMatchObject({ playbackOrigins });
  const state = { ...lostStream('lost'), playbackOrigins, grant: { playbackOrigins } };
  const read = readStreamState(JSON.parse(JSON.stringify(state)));
  publishers.adopt(read!);
  expect(streams.get('lost')).toMatchObject({ playbackOrigins });
  for (const wrong of [{ playbackOrigins: 'x' }, { grant: { playbackOrigins: [1] } }])
    expect(readStreamState({ ...state, ...wrong })).toBeUndefined();
});

it('an address has no more streams than it may by taking over those of others', () => {
  const { publishers } = setUp({ limits: { ...defaultLimits, maxStreamsPerAddress: 1 } });
  const [here, there] = ['192.0.2.1', '192.0.2.2'];
  const connection = { send() {}, close() {}, pause() {}, resume() {} };
  const first = publishers.start(message, undefined, { address: there });
  first.attach(connection);
  first.detach(connection);
  publishers.start({ ...message, streamId: 'other' }, undefined, { address: here });
  expect(() => publishers.start(message, undefined, { address: here })).toThrow('from your address');
  // Its own publisher goes on, with its token from wherever it is, and without from there.
  publishers.start({ ...message, resume: { token: first.resumeToken } }, undefined, { address: here });
  first.address = there;
  publishers.start(message, undefined, { address: there });
});

it('a server that ends for good keeps nothing of streams whose publisher never came back', async () => {
  const { publishers, forgotten } = setUp();
  publishers.adopt(lostStream('lost'));
  await publishers.close(false);
  expect(forgotten).toEqual(['lost']);
});
