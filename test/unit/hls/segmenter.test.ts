import { describe, expect, it } from 'vitest';
import { concat } from '../../../server/hls/boxes.js';
import { FragmentReader } from '../../../server/hls/fragment-reader.js';
import type { Sample, Track } from '../../../server/hls/sample.js';
import { Segmenter } from '../../../server/hls/segmenter.js';
import { Window, type Segment } from '../../../server/hls/window.js';
import { defaultPackaging } from '../../../server/options.js';
import { Stream } from '../../../server/streams/stream.js';
import { audioTrack, makeSamples, videoTrack, type SourceOptions } from '../../helpers/samples.js';

const NOW = Date.parse('2030-01-01T00:00:00Z');

function segment(
  options: SourceOptions,
  tracks: Track[] = [videoTrack, audioTrack],
): { window: Window; source: Sample[] } {
  const window = new Window({ targetDuration: 2, segments: 1000, bytes: Infinity });
  const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window, () => NOW);
  const source = makeSamples(options);
  segmenter.start(tracks);
  for (const sample of source) segmenter.push(sample);
  segmenter.end();
  return { window, source };
}

function samplesOf(window: Window, segments: readonly Segment[] = window.listed): Sample[] {
  const samples: Sample[] = [];
  const reader = new FragmentReader({ onTracks() {}, onSample: (sample) => samples.push(sample) });
  reader.push(
    concat([window.init(segments[0]!.init)!, ...segments.map((each) => window.segment(each.msn)!)]),
  );
  return samples;
}

const parts = (window: Window) => window.listed.flatMap((each) => each.parts);
const byTrack = (samples: Sample[], track: number) => samples.filter((sample) => sample.track === track);

describe('Segmenter', () => {
  it.each([24, 25, 30_000 / 1001, 30, 60])(
    'cuts parts within the target at %f frames a second',
    (frameRate) => {
      const { window } = segment({ length: 6.1, frameRate, gop: Math.round(frameRate) });
      for (const each of window.listed) {
        each.parts.forEach((part, index) => {
          expect(part.duration).toBeLessThanOrEqual(window.partTarget + 1e-6);
          // RFC 8216bis §4.4.4.9: at least 85 %, but for the last of a segment.
          if (index < each.parts.length - 1)
            expect(part.duration).toBeGreaterThanOrEqual(window.partTarget * 0.85);
        });
      }
    },
  );

  it('goes on with the timeline of another one, behind a discontinuity, and with no earlier date', () => {
    const window = new Window({ targetDuration: 2, segments: 1000, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window, () => NOW);
    segmenter.continueFrom({ mediaTime: 1000, programDate: NOW + 5000 });
    segmenter.start([videoTrack, audioTrack]);
    for (const sample of makeSamples({ length: 3 })) segmenter.push(sample);
    segmenter.suspend();
    const [first, second] = window.listed;
    expect(first!.discontinuity).toBe(true);
    expect(second!.discontinuity).toBe(false);
    expect(first!.programDateTime).toBe(NOW + 5000);
    expect(samplesOf(window)[0]!.dts).toBe(1000 * videoTrack.timescale);
    expect(segmenter.position.mediaTime).toBeCloseTo(1003, 2);
    expect(window.ended).toBe(false);
    expect(window.last!.complete).toBe(true);
  });

  it('leaves out sound that is hours or years from its picture, and cuts no parts for the time between', () => {
    const window = new Window({ targetDuration: 2, segments: 1000, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window, () => NOW);
    const source = makeSamples({ length: 3 });
    segmenter.start([videoTrack, audioTrack]);
    for (const [index, sample] of source.entries()) {
      segmenter.push(sample);
      const astray = [3600, 1e9, 2 ** 62 / 48_000][index % 50];
      if (astray !== undefined) {
        segmenter.push({ ...sample, track: 2, dts: sample.dts + astray * 48_000, duration: 1024, key: true });
      }
    }
    segmenter.end();
    expect(parts(window)).toHaveLength(15);
    expect(samplesOf(window)).toHaveLength(source.length);
  });

  it('lets sound go on alone for as long as the picture stands still', () => {
    const window = new Window({ targetDuration: 2, segments: 1000, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window, () => NOW);
    segmenter.start([videoTrack, audioTrack]);
    for (const sample of makeSamples({ length: 1 })) segmenter.push(sample);
    const sound = makeSamples({ length: 120, video: false }).filter(({ dts }) => dts >= 48_000);
    for (const sample of sound) segmenter.push(sample);
    segmenter.end();
    expect(byTrack(samplesOf(window), 2).length).toBeGreaterThan(5600);
  });

  it('dates media anew, behind a discontinuity, when its clock stood still for an hour', () => {
    const window = new Window({ targetDuration: 2, segments: 1000, bytes: Infinity });
    let now = NOW;
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window, () => now);
    const source = makeSamples({ length: 6 });
    segmenter.start([videoTrack, audioTrack]);
    segmenter.setCaptureClock(0, NOW);
    for (const sample of source) {
      // A publisher that was cut off for a while and sends what it kept is late; one that slept is older than that.
      now = NOW + (sample.dts / (sample.track === 1 ? 90_000 : 48_000) < 2.9 ? 100_000 : 3_600_000);
      segmenter.push(sample);
    }
    segmenter.end();
    const runs = window.listed.filter(({ discontinuity }) => discontinuity);
    expect(runs.map(({ programDateTime }) => programDateTime)).toEqual([NOW + 3_600_000]);
    expect(window.listed.map(({ programDateTime }) => programDateTime - NOW).slice(0, 3)).toEqual([
      0, 1000, 2000,
    ]);
    expect(byTrack(samplesOf(window), 1)).toHaveLength(180);
  });

  it('cuts times in whole milliseconds the same way', () => {
    const { window } = segment({ length: 10, milliseconds: true });
    for (const part of parts(window)) expect(part.duration).toBeLessThanOrEqual(window.partTarget + 1e-6);
    expect(parts(window)).toHaveLength(50);
  });

  it('begins every segment with a key frame', () => {
    const { window } = segment({ length: 5 });
    expect(window.listed).toHaveLength(5);
    for (const each of window.listed) {
      expect(each.independent).toBe(true);
      expect(byTrack(samplesOf(window, [each]), 1)[0]?.key).toBe(true);
    }
  });

  it('loses and doubles no sample', () => {
    const { window, source } = segment({ length: 5.03 });
    const got = samplesOf(window);
    const text = (samples: Sample[]) => samples.map((sample) => new TextDecoder().decode(sample.data));
    expect(text(byTrack(got, 1))).toEqual(text(byTrack(source, 1)));
    expect(text(byTrack(got, 2))).toEqual(text(byTrack(source, 2)));
  });

  it('keeps the tracks’ distance when the source starts late', () => {
    const { window, source } = segment({ length: 3, start: 1234.5 });
    const got = samplesOf(window);
    const offset = (samples: Sample[]) =>
      byTrack(samples, 2)[0]!.dts / 48_000 - byTrack(samples, 1)[0]!.dts / 90_000;
    expect(byTrack(got, 1)[0]?.dts).toBe(0);
    expect(offset(got)).toBeCloseTo(offset(source), 4);
  });

  it('drops what comes before the first key frame', () => {
    const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window);
    segmenter.start([videoTrack, audioTrack]);
    for (const sample of makeSamples({ length: 3 }).filter((each) => each.dts > 0)) segmenter.push(sample);
    segmenter.end();
    expect(new TextDecoder().decode(byTrack(samplesOf(window), 1)[0]?.data)).toBe('video frame 30');
  });

  it('cuts between key frames only where they are further apart than the target duration', () => {
    const { window } = segment({ length: 10, gop: 300 });
    // EXTINF is compared rounded to whole seconds.
    for (const each of window.listed) expect(Math.round(each.duration)).toBeLessThanOrEqual(2);
    expect(window.listed.map((each) => each.independent)).toEqual([true, false, false, false, false]);
  });

  it('accepts key frames that come a little early', () => {
    const { window } = segment({ length: 6, gop: 29 });
    expect(window.listed[0]?.duration).toBeCloseTo(29 / 30, 5);
  });

  it('serves audio alone', () => {
    const { window } = segment({ length: 4, video: false }, [audioTrack]);
    expect(window.partTarget).toBe(0.192);
    expect(window.listed.length).toBeGreaterThanOrEqual(3);
  });

  it('serves video alone', () => {
    const { window } = segment({ length: 4, audio: false }, [videoTrack]);
    expect(parts(window)).toHaveLength(20);
  });

  it('continues the timeline after a discontinuity, with the same init where the tracks are the same', () => {
    const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window);
    for (const start of [0, 500]) {
      segmenter.start([videoTrack, audioTrack]);
      for (const sample of makeSamples({ length: 2, start })) segmenter.push(sample);
    }
    segmenter.end();
    expect(window.listed.map((each) => each.discontinuity)).toEqual([false, false, true, false]);
    expect(new Set(window.listed.map((each) => each.init))).toEqual(new Set([0]));
    const times = byTrack(samplesOf(window), 1).map((sample) => sample.dts / 90_000);
    expect(times[60]).toBeCloseTo(2, 1);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
  });

  it('writes a new init when the tracks change', () => {
    const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window);
    segmenter.start([videoTrack, audioTrack]);
    for (const sample of makeSamples({ length: 2 })) segmenter.push(sample);
    segmenter.start([{ ...videoTrack, width: 320, height: 180 }]);
    for (const sample of makeSamples({ length: 2, audio: false })) segmenter.push(sample);
    segmenter.end();
    expect(window.listed.map((each) => each.init)).toEqual([0, 0, 1, 1]);
    expect(window.init(1)).toBeDefined();
  });

  it('goes on cutting by audio while video stalls', () => {
    const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window);
    segmenter.start([videoTrack, audioTrack]);
    for (const sample of makeSamples({ length: 8 })) {
      if (sample.track === 2 || sample.dts < 90_000 || sample.dts >= 6 * 90_000) segmenter.push(sample);
    }
    const { length } = parts(window);
    segmenter.end();
    expect(length).toBeGreaterThan(30);
    expect(byTrack(samplesOf(window), 2).length).toBe(Math.ceil((8 * 48_000) / 1024));
  });

  it('waits with a part until the sound reaches its end', () => {
    const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window);
    segmenter.start([videoTrack, audioTrack]);
    const samples = makeSamples({ length: 3 });
    for (const sample of samples) segmenter.push(sample);
    for (const each of window.listed.filter((candidate) => candidate.complete)) {
      const [video, audio] = [1, 2].map((track) => byTrack(samplesOf(window, [each]), track).at(-1)!);
      expect((audio!.dts + audio!.duration) / 48_000).toBeGreaterThanOrEqual(
        (video!.dts + video!.duration) / 90_000 - 1e-4,
      );
    }
  });

  it('does not wait for sound that is late for long', () => {
    const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window);
    segmenter.start([videoTrack, audioTrack]);
    for (const sample of makeSamples({ length: 3, audio: false })) segmenter.push(sample);
    expect(window.listed.reduce((sum, each) => sum + each.duration, 0)).toBeGreaterThan(2.5);
  });

  it('publishes sound while video stalls, not when it comes back', () => {
    const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window);
    segmenter.start([videoTrack, audioTrack]);
    for (const sample of makeSamples({ length: 20 })) {
      if (sample.track === 2 || sample.dts < 90_000) segmenter.push(sample);
    }
    expect(window.listed.reduce((sum, each) => sum + each.duration, 0)).toBeGreaterThan(17);
  });

  it.each([10, 30_000, -0.5, -3600])(
    'goes on behind a discontinuity when the source’s clock jumps by %f s',
    (jump) => {
      const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
      const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window);
      segmenter.start([videoTrack, audioTrack]);
      const first = makeSamples({ length: 3, start: 10_000 });
      const second = makeSamples({ length: 3, start: 10_003 + jump });
      for (const sample of [...first, ...second]) segmenter.push(sample);
      segmenter.end();
      expect(window.listed.filter((each) => each.discontinuity)).toHaveLength(1);
      for (const each of window.listed) {
        expect(Math.round(each.duration)).toBeLessThanOrEqual(2);
        for (const part of each.parts) expect(part.duration).toBeLessThan(0.5);
      }
    },
  );

  it('lets no frame be longer than a segment may be', () => {
    const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window);
    segmenter.start([videoTrack]);
    for (const sample of makeSamples({ length: 2, audio: false })) segmenter.push(sample);
    const data = new Uint8Array(10);
    segmenter.push({
      track: 1,
      dts: 180_000,
      compositionOffset: 0,
      duration: 20_000 * 90_000,
      key: true,
      data,
    });
    segmenter.end();
    for (const each of window.listed) expect(Math.round(each.duration)).toBeLessThanOrEqual(2);
  });

  it('keeps to the window’s bytes when timestamps hardly move: the stream ends', () => {
    const windowBytes = 40 * 1024 * 1024;
    const stream = new Stream('stands-still', { ...defaultPackaging, windowBytes }, () => {});
    stream.start([videoTrack]);
    for (const sample of makeSamples({ length: 1, audio: false })) stream.push(sample);
    const data = new Uint8Array(1024 * 1024);
    const pushAll = (): void => {
      for (let index = 0; index < 200; index++) {
        stream.push({ track: 1, dts: 90_000 + index, compositionOffset: 0, duration: 1, key: false, data });
      }
    };
    expect(pushAll).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
    // A part of 16 MiB is what it may be mistaken by.
    expect(stream.bytes).toBeLessThan(windowBytes + 18 * 1024 * 1024);
  });

  it('closes a part at its byte limit when timestamps stand still', () => {
    const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window);
    segmenter.start([videoTrack]);
    for (const sample of makeSamples({ length: 1, audio: false })) segmenter.push(sample);
    const data = new Uint8Array(4 * 1024 * 1024);
    for (let index = 0; index < 20; index++) {
      segmenter.push({ track: 1, dts: 90_000, compositionOffset: 0, duration: 0, key: false, data });
    }
    for (const part of parts(window)) expect(part.bytes.length).toBeLessThan(21 * 1024 * 1024);
  });

  it('stamps segments with the wall clock of their first sample', () => {
    const { window } = segment({ length: 3, start: 77 });
    expect(window.listed.map((each) => each.programDateTime - NOW)).toEqual([0, 1000, 2000]);
  });

  it('ends segments that begin in the first 0.7 s at early key frames, each later than the one before, and no later one', () => {
    const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window);
    segmenter.start([videoTrack, audioTrack]);
    // Key frames at 0.07, too early, and every 0.2 s from 0.2 s on.
    for (const sample of makeSamples({ length: 4 })) {
      const frame = Math.round((sample.dts / 90_000) * 30);
      segmenter.push(sample.track === 1 ? { ...sample, key: frame === 2 || frame % 6 === 0 } : sample);
      if (window.playable) expect(window.listed[0]!.duration).toBeCloseTo(0.2, 5);
    }
    segmenter.end();
    expect(window.listed.map(({ duration }) => Math.round(duration * 10) / 10)).toEqual([
      0.2, 0.2, 0.4, 1, 1, 1, 0.2,
    ]);
  });

  it('does not wait for the sound that reaches over the end of a part', () => {
    const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window);
    segmenter.start([videoTrack, audioTrack]);
    const [video, audio] = [1, 2].map((track) => byTrack(makeSamples({ length: 3 }), track)) as [
      Sample[],
      Sample[],
    ];
    // A first segment of one second: from here on a part may be anywhere in its segment.
    for (const sample of video.slice(0, 36)) segmenter.push(sample);
    for (const sample of audio) {
      const end = (sample.dts + sample.duration) / 48_000;
      segmenter.push(sample);
      // The part from 1.0 to 1.2 s, whose segment goes on.
      const published = window.listed.reduce((sum, each) => sum + each.duration, 0);
      const reachesOver = end + 1024 / 48_000 > 1.2;
      if (end <= 1.2) expect(published > 1.1).toBe(reachesOver);
    }
  });

  it('needs no first frames to learn a rate that is told', () => {
    const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.1, segmentDuration: 1 }, window);
    segmenter.start([{ ...videoTrack, frameRate: 30 }]);
    const samples = makeSamples({ length: 1, audio: false });
    for (const sample of samples.slice(0, 3)) segmenter.push(sample);
    expect(parts(window)).toHaveLength(1);
    expect(segmenter.frameRate).toBe(30);
    for (const sample of samples.slice(3, 6)) segmenter.push(sample);
    expect(parts(window)).toHaveLength(2);
  });

  it('gives every sample the time until the next one', () => {
    const window = new Window({ targetDuration: 2, segments: 100, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window);
    segmenter.start([videoTrack]);
    const source = makeSamples({ length: 3, audio: false });
    // A third is missing, and each says that it is as long as ever.
    const kept = source.filter((sample, index) => sample.key || index % 3 !== 1);
    for (const sample of kept) segmenter.push(sample);
    segmenter.end();
    expect(samplesOf(window).map(({ dts }) => dts)).toEqual(kept.map(({ dts }) => dts));
  });
});
