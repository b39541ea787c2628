import { describe, expect, it } from 'vitest';
import { CaptureTimes } from '../../../widget/media/capture-times.js';
import { InstantHealth } from '../../../widget/media/instant-health.js';
import { instantUrl } from '../../../widget/media/instant-url.js';
import { supportedMp4Type } from '../../../widget/media/mse-sink.js';

describe('InstantHealth', () => {
  it('gives up after several stalls in a short time', () => {
    const health = new InstantHealth({ stalls: 3, stallWindow: 20 });
    expect([1, 15, 30, 34].map((time) => health.stalled(time))).toEqual([
      undefined,
      undefined,
      undefined,
      '3 stalls within 20 s',
    ]);
  });

  /** Pieces of a tenth of a second, each so long after the one before. */
  function feed(health: InstantHealth, gap: number, pieces: number): string | undefined {
    let reason: string | undefined;
    for (let index = 0; index < pieces; index++) reason ??= health.arrived(index * gap, index * 0.1);
    return reason;
  }

  it('gives up where media arrives more slowly than it plays', () => {
    expect(feed(new InstantHealth(), 0.125, 100)).toBe('media arrives at 80 % of real time');
  });

  it('bears what is real time, a backlog, and a broadcaster who is silent for a while', () => {
    expect(feed(new InstantHealth(), 0.1, 300)).toBeUndefined();
    expect(feed(new InstantHealth(), 0.01, 300)).toBeUndefined();
    const health = new InstantHealth();
    const reasons = Array.from({ length: 200 }, (_, index) =>
      health.arrived(index * 0.1 + (index > 100 ? 10 : 0), index * 0.1),
    );
    expect(reasons.filter(Boolean)).toEqual([]);
  });

  it('forgets arrivals with the response, but not stalls', () => {
    const health = new InstantHealth({ stalls: 2, slowWindow: 1 });
    health.stalled(1);
    health.arrived(0, 0);
    health.reset();
    expect(health.arrived(5, 0.1)).toBeUndefined();
    expect(health.stalled(6)).toBe('2 stalls within 20 s');
  });
});

describe('CaptureTimes', () => {
  it('tells the wall clock of a media time by the mark before it', () => {
    const times = new CaptureTimes();
    expect(times.at(0)).toBeUndefined();
    times.add(10, 1000);
    times.add(10.1, 9999);
    times.add(11, 2050);
    expect(times.at(9.9)).toBeUndefined();
    expect(times.at(10.5)).toBe(1500);
    expect(times.at(11.5)).toBe(2550);
  });

  it('begins anew where the timeline goes back, and keeps no more than can be looked back at', () => {
    const times = new CaptureTimes();
    for (let time = 0; time < 500; time++) times.add(time, time * 1000);
    expect(times.at(300)).toBeUndefined();
    expect(times.at(499)).toBe(499_000);
    times.add(0, 7);
    expect(times.at(499)).toBe(499_007);
  });
});

describe('supportedMp4Type', () => {
  it('spells Opus as the browser does', () => {
    const lower = 'video/mp4; codecs="avc1.42E01F,opus"';
    const upper = 'video/mp4; codecs="avc1.42E01F,Opus"';
    const codecs = ['avc1.42E01F', 'Opus'];
    expect(supportedMp4Type(codecs, (type) => type === lower)).toBe(lower);
    expect(supportedMp4Type(codecs, (type) => type === upper)).toBe(upper);
    expect(supportedMp4Type(codecs, () => false)).toBeUndefined();
  });
});

describe('instantUrl', () => {
  it('stands beside the playlist, with its token', () => {
    expect(instantUrl('https://a.test/x/livestream/s/stream.m3u8?token=t')).toBe(
      'https://a.test/x/livestream/s/live.mp4?token=t&flush=frame',
    );
  });
});
