import { describe, expect, it } from 'vitest';
import { ascii, concat, findBox, readBoxes, u32, view } from '../../../server/hls/boxes.js';
import { FragmentReader } from '../../../server/hls/fragment-reader.js';
import { writeInitSegment } from '../../../server/hls/init-segment.js';
import { writeFragment } from '../../../server/hls/media-segment.js';
import type { Sample, Track } from '../../../server/hls/sample.js';
import { audioTrack, makeSamples, videoTrack } from '../../helpers/samples.js';

function read(chunks: Iterable<Uint8Array>): { tracks: Track[]; samples: Sample[] } {
  const result: { tracks: Track[]; samples: Sample[] } = { tracks: [], samples: [] };
  const reader = new FragmentReader({
    onTracks: (tracks) => (result.tracks = tracks),
    onSample: (sample) => result.samples.push({ ...sample, data: sample.data.slice() }),
  });
  for (const chunk of chunks) reader.push(chunk);
  return result;
}

function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const samples = makeSamples({ length: 0.4 });
const runs = [1, 2].map((track) => ({ track, samples: samples.filter((sample) => sample.track === track) }));
const file = concat([writeInitSegment([videoTrack, audioTrack]), writeFragment(1, runs)]);

describe('init segment and fragments', () => {
  it('are read back as the tracks and samples they were written from', () => {
    const { tracks, samples: got } = read([file]);
    expect(tracks).toEqual([videoTrack, audioTrack]);
    expect(got.filter((sample) => sample.track === 1)).toEqual(runs[0]?.samples);
    expect(got.filter((sample) => sample.track === 2)).toEqual(runs[1]?.samples);
  });

  it.each([1, 7, 100, 4096])('are read the same in pieces of %i bytes', (size) => {
    expect(read(cut(file, size))).toEqual(read([file]));
  });

  it('are read in a time that grows as they do, however small the pieces', () => {
    // Joined at each piece, 8 MB in pieces of 256 bytes would be 128 GB to copy.
    const large = concat([file, u32(8_000_000), ascii('free'), new Uint8Array(7_999_992), file]);
    const start = performance.now();
    expect(read(cut(large, 256)).samples).toHaveLength(samples.length * 2);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  const patched = (type: string, at: number, ...bytes: number[]): Uint8Array => {
    const copy = file.slice();
    copy.set(bytes, Buffer.from(copy).indexOf(type) + 4 + at);
    return copy;
  };
  it.each<[string, Uint8Array, RegExp]>([
    ['bytes that are no box', new Uint8Array(8).fill(0xa5), /no type/],
    ['a box that is larger than any', concat([u32(0x7fff_ffff), ascii('mdat')]), /says 2147483647 bytes/],
    ['a fragment of a track that was not named', patched('tfhd', 4, 0, 0, 0, 9), /does not name/],
    [
      'a fragment whose samples never came',
      concat([
        file.subarray(0, Buffer.from(file).indexOf('mdat') - 4),
        file.subarray(Buffer.from(file).indexOf('moof') - 4),
      ]),
      /without an mdat/,
    ],
    ['a track without a clock', patched('mdhd', 12, 0, 0, 0, 0), /0 ticks a second/],
    ['a track with too fine a clock', patched('mdhd', 12, 0xff, 0xff, 0xff, 0xff), /the most is 10000000/],
    [
      'more samples than there can be',
      patched('trun', 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff),
      /100000 samples/,
    ],
  ])('are refused with %s', (_, bytes, message) => {
    expect(() => read([bytes])).toThrow(message);
  });

  it.each([
    ['negative composition offsets', { dts: 9000, compositionOffset: -3000 }],
    ['decode times beyond 32 bits', { dts: 2 ** 40, compositionOffset: 0 }],
  ])('keep %s', (_, times) => {
    const sample: Sample = { track: 1, ...times, duration: 3000, key: true, data: new Uint8Array(3) };
    const bytes = concat([
      writeInitSegment([videoTrack]),
      writeFragment(1, [{ track: 1, samples: [sample] }]),
    ]);
    expect(read([bytes]).samples).toEqual([sample]);
  });

  it('take a duration of one tick for unknown: it is as long as the one before', () => {
    const make = (dts: number, duration: number): Sample => ({
      ...{ track: 1, compositionOffset: 0, key: true, data: new Uint8Array(1) },
      ...{ dts, duration },
    });
    const fragments = [make(0, 3600), make(3600, 1)].map((sample, index) =>
      writeFragment(index, [{ track: 1, samples: [sample] }]),
    );
    const bytes = concat([writeInitSegment([videoTrack]), ...fragments]);
    expect(read([bytes]).samples.map((sample) => sample.duration)).toEqual([3600, 3600]);
  });

  it('declare the tracks’ sizes and sampling rates', () => {
    const moov = findBox(writeInitSegment([videoTrack, audioTrack]), 'moov')!;
    const traks = [...readBoxes(moov.body)].filter((child) => child.type === 'trak');
    const tkhd = findBox(traks[0]!.body, 'tkhd')!.body;
    expect([view(tkhd).getUint32(76) >> 16, view(tkhd).getUint32(80) >> 16]).toEqual([640, 360]);
  });
});

describe('FragmentReader on bytes that are none', () => {
  it.each([
    ['a box smaller than its header', Uint8Array.of(0, 0, 0, 4, 0x6d, 0x6f, 0x6f, 0x76, 0, 0)],
    ['a box larger than any fragment', Uint8Array.of(0x7f, 0, 0, 0, 0x6d, 0x6f, 0x6f, 0x76)],
    [
      'a moov whose children are cut off',
      concat([Uint8Array.of(0, 0, 0, 12), new TextEncoder().encode('moov'), Uint8Array.of(0, 0, 9, 9)]),
    ],
  ])('throws on %s', (_what, bytes) => {
    expect(() => read([bytes])).toThrow();
  });

  it('throws when a sample lies outside its mdat', () => {
    const fragment = writeFragment(1, runs);
    const mdatSize = runs.flatMap((run) => run.samples).reduce((sum, sample) => sum + sample.data.length, 8);
    view(fragment).setUint32(fragment.length - mdatSize, mdatSize - 4);
    const bytes = concat([writeInitSegment([videoTrack, audioTrack]), fragment.subarray(0, -4)]);
    expect(() => read([bytes])).toThrow(/outside its mdat/);
  });
});
