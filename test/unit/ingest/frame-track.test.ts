import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { joinLengths } from '../../../server/hls/h264-nal.js';
import type { ChunkReader } from '../../../server/ingest/chunk-reader.js';
import { createChunkReader, readTracks } from '../../../server/ingest/frame-track.js';
import type { AudioTrackConfig, TrackConfig, VideoTrackConfig } from '../../../server/protocol.js';
import { generateFrames, toAnnexB } from '../../helpers/frames.js';
import { ffmpegPath } from '../../helpers/media.js';

const run = promisify(execFile);
const video: VideoTrackConfig = { id: 0, kind: 'video', codec: 'avc1.42E01F', width: 640, height: 360 };
const opus: AudioTrackConfig = { id: 1, kind: 'audio', codec: 'opus', sampleRate: 48_000, channels: 2 };
const aac: AudioTrackConfig = { ...opus, codec: 'mp4a.40.2' };
const base64 = (...bytes: number[]): string => Buffer.from(bytes).toString('base64');

/** A key frame as a byte stream. */
async function encode(pixelFormat: string): Promise<Uint8Array> {
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=64x64', '-frames:v', '1', '-pix_fmt', pixelFormat];
  const args = ['-v', 'error', ...source, '-c:v', 'libx264', '-f', 'h264', 'pipe:1'];
  return (await run(ffmpegPath, args, { encoding: 'buffer' })).stdout;
}

function isRead(reader: ChunkReader, chunk: Uint8Array): boolean {
  try {
    reader.read(chunk);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ reason: 'broken-chunk' });
    return false;
  }
}

describe('readTracks', () => {
  it('puts video first', () => {
    const tracks = readTracks([aac, video]);
    expect(tracks.map(({ config }) => config.kind)).toEqual(['video', 'audio']);
    expect(tracks[1]?.reader.track).toMatchObject({ id: 2, codec: 'mp4a.40.2', timescale: 48_000 });
  });

  it('refuses two of a kind, and two of one id', () => {
    const refusal = (code: string, message: string) =>
      expect.objectContaining({ code, message: expect.stringContaining(message) });
    expect(() => readTracks([video, { ...video, id: 3 }])).toThrow(
      refusal('UNSUPPORTED_FORMAT', '2 tracks of video'),
    );
    expect(() => readTracks([video, { ...opus, id: 0 }])).toThrow(refusal('BAD_MESSAGE', 'id 0'));
  });

  it.each<[string, TrackConfig, string, RegExp]>([
    ['VP8', { ...video, codec: 'vp8' }, 'UNSUPPORTED_FORMAT', /vp8.*track 0.*avc1/],
    ['HEVC', { ...video, codec: 'hvc1.1.6.L93.B0' }, 'UNSUPPORTED_FORMAT', /hvc1/],
    ['avc10', { ...video, codec: 'avc10' }, 'UNSUPPORTED_FORMAT', /avc10/],
    ['HE-AAC', { ...aac, codec: 'mp4a.40.5' }, 'UNSUPPORTED_FORMAT', /mp4a\.40\.5.*opus/],
    ['FLAC', { ...aac, codec: 'flac' }, 'UNSUPPORTED_FORMAT', /flac/],
    [
      'HE-AAC in the description',
      { ...aac, description: base64(0x2b, 0x92, 0x08) },
      'UNSUPPORTED_FORMAT',
      /object type 5/,
    ],
    ['an avcC that is no base64', { ...video, description: '%%%' }, 'BAD_MESSAGE', /base64/],
    [
      'an avcC that is garbage',
      { ...video, description: base64(9, 8, 7, 6, 5, 4, 3, 2) },
      'BAD_MESSAGE',
      /no avcC.*version is 9/,
    ],
    ['an empty avcC', { ...video, description: '' }, 'BAD_MESSAGE', /no avcC/],
    [
      'an avcC without parameter sets',
      { ...video, description: base64(1, 66, 0, 30, 255, 224, 0) },
      'BAD_MESSAGE',
      /parameter set/,
    ],
    [
      'an avcC of random parameter sets',
      { ...video, description: base64(1, 66, 0, 30, 255, 225, 0, 3, 0x67, 255, 255, 1, 0, 1, 0x68) },
      'BAD_MESSAGE',
      /no avcC/,
    ],
    ['an OpusHead that is garbage', { ...opus, description: base64(1, 2, 3) }, 'BAD_MESSAGE', /OpusHead/],
    ['Opus of five channels without one', { ...opus, channels: 5 }, 'BAD_MESSAGE', /5 channels/],
    ['AAC of twelve channels', { ...aac, channels: 12 }, 'BAD_MESSAGE', /12 channels/],
  ])('refuses %s', (_, config, code, message) => {
    expect(() => readTracks([config])).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});

describe('chunks', () => {
  it.each([
    ['yuv420p10le', '110, chroma format 1, 10 bits'],
    ['yuv422p', '122, chroma format 2, 8 bits'],
    ['yuv444p', '244, chroma format 3, 8 bits'],
  ])('of %s are found out by their parameter sets', async (pixelFormat, what) => {
    const reader = createChunkReader(video, 1);
    const chunk = await encode(pixelFormat);
    expect(() => reader.read(chunk)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FORMAT',
        message: expect.stringContaining(`'avc1.42E01F') is H.264 of profile ${what}`),
      }),
    );
  });

  it('of avc3 may have their parameter sets in band', async () => {
    const { frames } = toAnnexB(await generateFrames({ video: 'h264', seconds: 1 }));
    const reader = createChunkReader({ ...video, codec: 'avc3.42E01F' }, 1);
    expect(reader.track).toBeUndefined();
    expect(reader.read(frames[0]!.chunk).key).toBe(true);
    // All of them are in the sample entry: what is written is avc1.
    expect(reader.track).toMatchObject({ codec: expect.stringMatching(/^avc1\./), width: 320, height: 180 });
  });

  describe('with parameter sets in band', () => {
    const picture = Uint8Array.of(0x65, 0x88, 0x84);
    /** Behind lengths of four bytes. */
    const avc3 = { ...video, codec: 'avc3.42E01F', description: base64(1, 66, 0, 30, 255, 224, 0) };
    /** Different ones, of so many bytes. */
    const sets = (type: number, count: number, length = 4): Uint8Array[] =>
      Array.from({ length: count }, (_, index) => {
        const set = new Uint8Array(length).fill(type, 0, 1);
        new DataView(set.buffer).setUint16(length - 2, index + 1);
        return set;
      });

    it.each([
      ['sequence', 0x67, 32, 31],
      ['picture', 0x68, 256, 255],
    ])('are refused with more %s ones than an avcC has room for', (kind, type, count, most) => {
      const reader = createChunkReader(avc3, 1);
      expect(() => reader.read(joinLengths([...sets(type, count), picture]))).toThrow(
        expect.objectContaining({
          reason: 'broken-chunk',
          message: expect.stringMatching(new RegExp(`${count} ${kind} parameter sets.*${most} at most`)),
        }),
      );
    });

    it('take no longer the more of them are there', () => {
      const reader = createChunkReader(avc3, 1);
      const chunk = joinLengths([...sets(0x67, 60_000), ...sets(0x68, 60_000), picture]);
      const start = performance.now();
      expect(() => reader.read(chunk)).toThrow(expect.objectContaining({ reason: 'broken-chunk' }));
      // Comparing each with each takes minutes.
      expect(performance.now() - start).toBeLessThan(5000);
    });
  });

  it('of AAC are taken out of ADTS where the track has no description', () => {
    const adts = Uint8Array.of(0xff, 0xf1, 0x4c, 0x80, 0x01, 0x3f, 0xfc, 0x21, 0x10);
    expect([...createChunkReader(aac, 1).read(adts).data]).toEqual([0x21, 0x10]);
  });

  it.each<[string, number, number[]]>([
    ['a pair for stereo', 2, [0x21, 0x10]],
    ['a single one for mono', 1, [0x01, 0x40]],
    ['a single one, that in front, for more', 6, [0x01, 0x40]],
    [
      'one after an encoder’s name in a filling of 15 bytes and more',
      2,
      [0xde, 0x04, ...Array<number>(16).fill(0), 0x40],
    ],
    ['one after data', 2, [0x82, 0x03, 1, 2, 3, 0x21]],
  ])('of AAC begin with %s', (_, channels, bytes) => {
    const chunk = Uint8Array.from(bytes);
    expect(createChunkReader({ ...aac, channels }, 1).read(chunk).data).toEqual(chunk);
  });

  it.each<[string, number, number[]]>([
    ['Opus of 20 ms, stereo', 2, [0xfc, 0xff, 0xfe]],
    ['Opus of 20 ms, mono', 1, [0xf8, 0xff, 0xfe]],
    ['Opus for speech', 2, [0x4b, 0x41, 0x17]],
    ['an end and nothing before it', 2, [0xe0]],
    ['a filling and nothing after it', 2, [0xc0, 0xe0]],
    ['a filling that is cut off', 2, [0xdf, 0xff, 0x00]],
    ['mono where stereo was said', 2, [0x01, 0x40]],
    ['stereo where mono was said', 1, [0x21, 0x10]],
    ['random bytes', 2, [0xa5, 0xa5, 0xa5, 0xa5]],
  ])('of AAC are not %s', (_, channels, bytes) => {
    const reader = createChunkReader({ ...aac, channels }, 1);
    expect(() => reader.read(Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ reason: 'broken-chunk', message: expect.stringContaining('no AAC frame') }),
    );
  });

  it('of AAC are all frames of an encoder', async () => {
    const { format, frames } = await generateFrames({ audio: 'aac' });
    const reader = createChunkReader(format.tracks[0]!, 1);
    for (const { chunk } of frames) expect(reader.read(chunk).data).toHaveLength(chunk.length);
  });

  it('of Opus are not AAC, although some look like it', async () => {
    const { frames } = await generateFrames({ audio: 'aac' });
    const reader = createChunkReader({ ...opus, channels: 1 }, 1);
    const taken = frames.filter(({ chunk }) => isRead(reader, chunk));
    // What comes before the first that is no packet.
    expect(taken.length).toBeLessThan(3);
  });

  it('of Opus are believed after 50 right ones, and after a broken one that comes before', async () => {
    const { format, frames } = await generateFrames({ audio: 'opus', seconds: 4 });
    const reader = createChunkReader(format.tracks[0]!, 1);
    const broken = Uint8Array.of(0xfb, 63);
    const counts = [49, 100, 60].map((count) => {
      const taken = frames.slice(0, count).filter(({ chunk }) => isRead(reader, chunk)).length;
      expect(isRead(reader, broken)).toBe(false);
      return taken;
    });
    expect(counts).toEqual([49, 51, 60]);
  });

  it.each([
    [aac, new Uint8Array(10_000), 'AAC frame of 10000 bytes'],
    [opus, new Uint8Array(100_000), 'Opus packet of 100000 bytes'],
    [opus, Uint8Array.of(0xfb, 63), 'samples'],
  ])('of sound are refused when they cannot be one frame', (config, chunk, message) => {
    expect(() => createChunkReader(config, 1).read(chunk)).toThrow(
      expect.objectContaining({ reason: 'broken-chunk', message: expect.stringContaining(message) }),
    );
  });
});
