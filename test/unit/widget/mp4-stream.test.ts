import { describe, expect, it } from 'vitest';
import { box, concat, fullBox, u16, u32, u8 } from '../../../server/hls/boxes.js';
import { writeInitSegment } from '../../../server/hls/init-segment.js';
import { writeFragment } from '../../../server/hls/media-segment.js';
import type { Track } from '../../../server/hls/sample.js';
import { Mp4Stream, type Mp4Fragment, type Mp4Init } from '../../../widget/media/mp4-stream.js';

const video: Track = {
  id: 1,
  kind: 'video',
  timescale: 90_000,
  codec: 'avc1.42C01F',
  width: 640,
  height: 360,
  sampleEntry: box(
    'avc1',
    new Uint8Array(24),
    u16(640, 360),
    new Uint8Array(50),
    box('avcC', u8(1, 0x42, 0xc0, 0x1f, 0xff, 0xe1)),
  ),
};

const opus: Track = {
  id: 2,
  kind: 'audio',
  timescale: 48_000,
  codec: 'opus',
  sampleEntry: box('Opus', new Uint8Array(28), box('dOps', new Uint8Array(11))),
};

const aac: Track = {
  ...opus,
  codec: 'mp4a.40.2',
  sampleEntry: box(
    'mp4a',
    new Uint8Array(28),
    // ES_Descriptor, DecoderConfigDescriptor, DecoderSpecificInfo: object type 2 at 48 kHz.
    fullBox('esds', 0, 0, u8(3, 22, 0, 1, 0, 4, 17, 0x40, 0x15), new Uint8Array(11), u8(5, 2, 0x11, 0x90)),
  ),
};

function frame(track: number, dts: number, data = [1, 2, 3]): Uint8Array {
  const sample = { track, dts, compositionOffset: 0, duration: 3000, key: true, data: Uint8Array.from(data) };
  return writeFragment(1, [{ track, samples: [sample] }]);
}

/** 1970-01-01T00:00:10.5Z, by the NTP epoch. */
function produced(track: number, mediaTime: number, version: 0 | 1): Uint8Array {
  const time = u32(track, 2_208_988_800 + 10, 2 ** 31);
  return fullBox('prft', version, 24, time, version === 1 ? u32(0, mediaTime) : u32(mediaTime));
}

const bytes = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> => concat(parts);

describe('Mp4Stream', () => {
  const init = writeInitSegment([video, opus]);

  it('finds the init segment, with its codecs as RFC 6381 writes them', () => {
    const [found] = new Mp4Stream().push(bytes(init)) as [Mp4Init];
    expect(found.kind).toBe('init');
    expect(found.bytes).toEqual(init);
    expect(found.tracks).toEqual([
      { id: 1, timescale: 90_000, codec: 'avc1.42C01F' },
      { id: 2, timescale: 48_000, codec: 'opus' },
    ]);
    const [withAac] = new Mp4Stream().push(bytes(writeInitSegment([aac]))) as [Mp4Init];
    expect(withAac.tracks[0]?.codec).toBe('mp4a.40.2');
  });

  it('finds fragments and where they begin, and leaves out what else is there', () => {
    const fragment = frame(1, 180_000);
    const [, found] = new Mp4Stream().push(
      bytes(init, box('styp', u32(0, 0)), box('free'), fragment, box('emsg', u32(0))),
    );
    expect(found).toEqual({ kind: 'fragment', bytes: fragment, start: 2 });
  });

  // ISO/IEC 14496-12 §8.16.5
  it.each([0, 1] as const)('reads when a fragment was produced (prft version %i)', (version) => {
    const [, found, next] = new Mp4Stream().push(
      bytes(init, produced(1, 180_000, version), frame(1, 180_000), frame(2, 96_000)),
    ) as [Mp4Init, Mp4Fragment, Mp4Fragment];
    expect(found.produced).toEqual({ time: 10_500, mediaTime: 2 });
    expect(next.produced).toBeUndefined();
    expect(next.start).toBe(2);
  });

  it('takes bytes cut anywhere', () => {
    const whole = bytes(init, produced(1, 90_000, 1), frame(1, 90_000), frame(2, 48_000, [9]));
    const expected = new Mp4Stream().push(whole);
    for (const size of [1, 7, 64]) {
      const stream = new Mp4Stream();
      const found = [];
      for (let at = 0; at < whole.length; at += size) found.push(...stream.push(whole.slice(at, at + size)));
      expect(found).toEqual(expected);
    }
  });

  it('takes a new init segment in the middle', () => {
    const found = new Mp4Stream().push(
      bytes(init, frame(1, 90_000), writeInitSegment([{ ...video, timescale: 30_000 }]), frame(1, 90_000)),
    );
    expect(found.map((piece) => (piece.kind === 'init' ? piece.kind : piece.start))).toEqual([
      'init',
      1,
      'init',
      3,
    ]);
  });

  it('refuses what is no MP4, and boxes without bounds', () => {
    const page = new TextEncoder().encode('<!doctype html><title>404</title>');
    expect(() => new Mp4Stream().push(bytes(page))).toThrow(/no live MP4/);
    expect(() => new Mp4Stream().push(bytes(u32(0), u8(0x6d, 0x64, 0x61, 0x74)))).toThrow(/0 bytes/);
    expect(() => new Mp4Stream({ maxBox: 100 }).push(bytes(u32(101), u8(0x6d, 0x64, 0x61, 0x74)))).toThrow(
      /"mdat" says 101 bytes \(8 to 100 allowed\)/,
    );
    expect(() => new Mp4Stream().push(bytes(u32(1), u8(0x6d, 0x64, 0x61, 0x74), u32(2 ** 31, 0)))).toThrow(
      RangeError,
    );
  });
});
