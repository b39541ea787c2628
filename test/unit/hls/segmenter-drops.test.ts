import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../../../server/hls/boxes.js';
import { FragmentReader } from '../../../server/hls/fragment-reader.js';
import type { Sample } from '../../../server/hls/sample.js';
import { Segmenter } from '../../../server/hls/segmenter.js';
import { Window } from '../../../server/hls/window.js';
import { audioTrack, makeSamples, videoTrack } from '../../helpers/samples.js';

const NOW = Date.parse('2030-01-01T00:00:00Z');

function samplesOf(window: Window): Sample[] {
  const samples: Sample[] = [];
  const reader = new FragmentReader({ onTracks() {}, onSample: (sample) => samples.push(sample) });
  const media = window.listed.map((each) => window.segment(each.msn)!);
  reader.push(concat([window.init(0)!, ...media]));
  return samples;
}

const byTrack = (samples: Sample[], track: number) => samples.filter((sample) => sample.track === track);

describe('Segmenter says of each sample that it leaves out why', () => {
  const started = () => {
    const window = new Window({ targetDuration: 2, segments: 1000, bytes: Infinity });
    const segmenter = new Segmenter({ partDuration: 0.2, segmentDuration: 1 }, window, () => NOW);
    segmenter.start([videoTrack, audioTrack]);
    return { window, segmenter };
  };
  const [video, audio] = [1, 2].map((track) => byTrack(makeSamples({ length: 4, start: 1 }), track)) as [
    Sample[],
    Sample[],
  ];

  it('one of a track that there is not', () => {
    expect(started().segmenter.push({ ...video[0]!, track: 7 })).toBe('unknown-track');
  });

  it('one before the first key frame', () => {
    const { segmenter } = started();
    expect(segmenter.push(audio[0]!)).toBe('waiting-for-key');
    expect(segmenter.push(video[1]!)).toBe('waiting-for-key');
    expect(segmenter.push(video[30]!)).toBeUndefined();
    expect(segmenter.push(audio[0]!)).toBe('before-start');
  });

  it('one after a gap that no segment can hold, until the next key frame', () => {
    const { segmenter } = started();
    for (const sample of video.slice(0, 10)) expect(segmenter.push(sample)).toBeUndefined();
    const verdicts = video.slice(80).map((sample) => segmenter.push(sample));
    expect(verdicts.slice(0, 10)).toEqual(Array(10).fill('waiting-for-key'));
    expect(new Set(verdicts.slice(10))).toEqual(new Set([undefined]));
  });

  it('sound that is far ahead, and sound that comes twice', () => {
    const { segmenter } = started();
    segmenter.push({ ...video[0]! });
    expect(segmenter.push({ ...audio[0]!, dts: audio[0]!.dts + 3600 * 48_000 })).toBe('off-clock');
    expect(segmenter.push({ ...audio[0]! })).toBeUndefined();
    expect(segmenter.push({ ...audio[0]! })).toBe('overlap');
  });

  it('whatever comes: each is published once or said to be left out', () => {
    const source = makeSamples({ length: 6, start: 10 });
    const fate = fc.oneof(
      { weight: 12, arbitrary: fc.constant('keep' as const) },
      { weight: 1, arbitrary: fc.constant('lose' as const) },
      { weight: 1, arbitrary: fc.integer({ min: -400, max: 400 }) },
      { weight: 1, arbitrary: fc.constantFrom(-9000, 5000, 60_000, 9e6) },
    );
    fc.assert(
      fc.property(
        fc.array(fate, { minLength: source.length, maxLength: source.length }),
        fc.integer({ min: 0, max: 60 }),
        (fates, first) => {
          const { window, segmenter } = started();
          const taken: string[] = [];
          const text = ({ data }: Sample) => new TextDecoder().decode(data);
          source.forEach((sample, index) => {
            const what = fates[index]!;
            if (index < first || what === 'lose') return;
            const scale = sample.track === 1 ? 90 : 48;
            const dts = sample.dts + (what === 'keep' ? 0 : what * scale);
            if (segmenter.push({ ...sample, dts }) === undefined) taken.push(text(sample));
          });
          segmenter.end();
          const published = samplesOf(window).map(text);
          expect(published.sort()).toEqual(taken.sort());
        },
      ),
      { numRuns: 30, seed: 1 },
    );
  });
});
