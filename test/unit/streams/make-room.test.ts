import { describe, expect, it } from 'vitest';
import { writeMediaPlaylist } from '../../../server/hls/media-playlist.js';
import { defaultLimits, defaultPackaging } from '../../../server/options.js';
import { Audience } from '../../../server/streams/audience.js';
import { Refusals } from '../../../server/streams/refusals.js';
import type { Stream } from '../../../server/streams/stream.js';
import { Streams } from '../../../server/streams/streams.js';
import { makeSamples, videoTrack } from '../../helpers/samples.js';

/** Of media; the headers of its parts are more. */
const UNIT = 100_000;

function setUp(maxTotalBytes: number) {
  const refusals = new Refusals();
  const limits = { ...defaultLimits, maxTotalBytes };
  const streams = new Streams(defaultPackaging, limits, new Audience(), undefined, refusals);
  /** A live stream of so many seconds, each of so many bytes. */
  const publish = (id: string, seconds: number, bytesPerSecond: number): Stream => {
    const stream = streams.create(id);
    stream.start([videoTrack]);
    const data = new Uint8Array(bytesPerSecond / 10);
    for (const sample of makeSamples({ length: seconds, frameRate: 10, audio: false })) {
      stream.push({ ...sample, data });
    }
    return stream;
  };
  return { streams, refusals, publish };
}

/** What a playlist lists can be had, and it is no shorter than players need. */
function expectWhole({ source }: Stream): void {
  const { window, names } = source;
  const playlist = writeMediaPlaylist(window, names, { skip: false, reports: [] });
  const msn = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(playlist)![1]);
  expect(msn).toBe(window.listed[0]!.msn);
  const uris = playlist.split('\n').filter((line) => line.endsWith('.m4s'));
  uris.forEach((uri, index) => {
    expect(uri).toBe(names.segment(msn + index));
    expect(window.segment(msn + index)).toBeDefined();
  });
  const durations = Array.from(playlist.matchAll(/#EXTINF:([\d.]+)/g), ([, seconds]) => Number(seconds));
  const length = durations.reduce((sum, seconds) => sum + seconds, 0);
  expect(length).toBeGreaterThan(window.options.targetDuration * 3 - 1.01);
}

describe('the memory of all windows', () => {
  it('is made of the oldest segments of the largest first', () => {
    const { streams, refusals, publish } = setUp(12 * UNIT);
    const small = publish('small', 20, UNIT / 4);
    const before = small.source.window.listed.length;
    const large = publish('large', 20, UNIT);
    expect(streams.bytes).toBeLessThan(13.5 * UNIT);
    expect(small.source.window.listed).toHaveLength(before);
    expect(large.source.window.listed.length).toBeLessThan(before);
    expect(refusals.counts.get('maxTotalBytes')).toBeGreaterThan(0);
    expectWhole(small);
    expectWhole(large);
  });

  it('is taken from streams that have ended before any that is live', () => {
    const { streams, publish } = setUp(16 * UNIT);
    publish('ended', 12, UNIT / 2).end();
    const live = publish('live', 20, UNIT / 2);
    expect(streams.get('ended')).toBeDefined();
    const listed = live.source.window.listed.length;
    publish('other', 6, UNIT / 2);
    expect(streams.get('ended')).toBeUndefined();
    expect(live.source.window.listed).toHaveLength(listed);
  });

  it('never takes what players need, and then takes no new streams', () => {
    const { streams, publish } = setUp(5 * UNIT);
    const live = publish('live', 20, UNIT);
    expectWhole(live);
    expect(streams.bytes).toBeGreaterThan(5 * UNIT);
    expect(() => streams.create('one-too-many')).toThrow(
      expect.objectContaining({ code: 'SERVER_FULL', limit: 'maxTotalBytes', retryAfter: 5 }),
    );
    live.end();
    streams.create('welcome');
  });
});
