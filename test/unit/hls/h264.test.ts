import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readAvcC, writeAvcC } from '../../../server/hls/avc-config.js';
import { concat } from '../../../server/hls/boxes.js';
import { joinLengths, nalType, splitLengths, splitStartCodes } from '../../../server/hls/h264-nal.js';
import { readSps } from '../../../server/hls/h264-sps.js';
import { ffmpegPath } from '../../helpers/media.js';

const run = promisify(execFile);

/** One frame of H.264 as a byte stream. */
async function encode(size: string, pixelFormat: string, ...options: string[]): Promise<Uint8Array> {
  const source = ['-f', 'lavfi', '-i', `testsrc=size=${size}`, '-frames:v', '1', '-pix_fmt', pixelFormat];
  const args = ['-v', 'error', ...source, '-c:v', 'libx264', ...options, '-f', 'h264', 'pipe:1'];
  const { stdout } = await run(ffmpegPath, args, { encoding: 'buffer', maxBuffer: 1e8 });
  return stdout;
}

describe('sequence parameter sets', () => {
  const baseline = ['-profile:v', 'baseline'];
  it.each<[string, string, string[], object]>([
    ['320x180', 'yuv420p', baseline, { profile: 66, chromaFormat: 1, bitDepth: 8, width: 320, height: 180 }],
    [
      '1920x1080',
      'yuv420p',
      ['-profile:v', 'high', '-level', '4'],
      { profile: 100, level: 40, width: 1920, height: 1080 },
    ],
    ['1280x720', 'yuv420p', ['-profile:v', 'main'], { profile: 77, level: 31, width: 1280, height: 720 }],
    ['640x364', 'yuv420p', ['-flags', '+ildct+ilme'], { width: 640, height: 364 }],
    ['322x182', 'yuv420p10le', [], { profile: 110, bitDepth: 10, width: 322, height: 182 }],
    ['322x182', 'yuv422p', [], { profile: 122, chromaFormat: 2, width: 322, height: 182 }],
    [
      '321x181',
      'yuv444p',
      ['-x264-params', 'cqm=jvt'],
      { profile: 244, chromaFormat: 3, width: 321, height: 181 },
    ],
  ])('are read: %s %s %s', async (size, format, options, expected) => {
    const nals = splitStartCodes(await encode(size, format, ...options));
    expect(readSps(nals.find((nal) => nalType(nal) === 7)!)).toMatchObject(expected);
  });

  it.each([
    ['nothing', []],
    ['another NAL unit', [0x68, 0xce, 0x3c, 0x80]],
    ['one that is cut off', [0x67, 0x42, 0xe0, 0x1f, 0xda]],
    ['zeros', [0x67, ...Array<number>(40).fill(0)]],
  ])('are none: %s', (_, bytes) => {
    expect(() => readSps(Uint8Array.from(bytes))).toThrow(RangeError);
  });
});

describe('NAL units', () => {
  const nals = [Uint8Array.of(0x67, 1), Uint8Array.of(0x68, 0, 0, 3, 1), Uint8Array.of(0x65, 9, 8)];

  it('are split at start codes of three and four bytes, without the zeros between', () => {
    const stream = concat([
      Uint8Array.of(0, 0, 0, 1),
      nals[0]!,
      Uint8Array.of(0, 0, 1),
      nals[1]!,
      Uint8Array.of(0, 0, 0, 0, 1),
      nals[2]!,
      Uint8Array.of(0, 0),
    ]);
    expect(splitStartCodes(stream).map((nal) => [...nal])).toEqual(nals.map((nal) => [...nal]));
  });

  it('are the same behind lengths', () => {
    expect(splitLengths(joinLengths(nals), 4).map((nal) => [...nal])).toEqual(nals.map((nal) => [...nal]));
    expect(splitLengths(Uint8Array.of(0, 1, 0x65), 2)).toEqual([Uint8Array.of(0x65)]);
  });

  it.each([[[0, 0, 0, 5, 0x65]], [[0, 0, 0, 0]], [[0, 0, 0]], [[0xff, 0xff, 0xff, 0xff, 1]]])(
    'are refused where a length is wrong: %j',
    (bytes) => expect(() => splitLengths(Uint8Array.from(bytes), 4)).toThrow(RangeError),
  );

  it.each([[[]], [[0x65, 1]], [[9, 0, 0, 1, 0x65]]])('are refused without a start code: %j', (bytes) =>
    expect(() => splitStartCodes(Uint8Array.from(bytes))).toThrow(RangeError),
  );
});

describe('avcC', () => {
  it('is read as it was written', async () => {
    const nals = splitStartCodes(await encode('1280x720', 'yuv420p', '-profile:v', 'high'));
    const sets = (type: number) => nals.filter((nal) => nalType(nal) === type);
    const { avcC, parameters } = writeAvcC({ lengthSize: 4, sps: sets(7), pps: sets(8) });
    expect(readAvcC(avcC)).toEqual({
      lengthSize: 4,
      sps: sets(7).map((set) => Uint8Array.from(set)),
      pps: sets(8).map((set) => Uint8Array.from(set)),
    });
    expect(parameters).toMatchObject({ width: 1280, height: 720 });
  });

  it('is not written where it has no room for its parameter sets', async () => {
    const nals = splitStartCodes(await encode('320x180', 'yuv420p'));
    const sps = nals.find((nal) => nalType(nal) === 7)!;
    const pps = nals.find((nal) => nalType(nal) === 8)!;
    const write = (spsCount: number, ppsCount: number, last = pps) =>
      writeAvcC({
        lengthSize: 4,
        sps: Array<Uint8Array>(spsCount).fill(sps),
        pps: [...Array<Uint8Array>(ppsCount - 1).fill(pps), last],
      });
    const long = new Uint8Array(65_536).fill(0x68, 0, 1);
    expect(() => write(32, 1)).toThrow(new RangeError('32 sequence parameter sets; the most is 31'));
    expect(() => write(1, 256)).toThrow(new RangeError('256 picture parameter sets; the most is 255'));
    expect(() => write(1, 1, long)).toThrow(/picture parameter set of 65536 bytes; the most is 65535/);
    const full = readAvcC(write(31, 255, long.subarray(1).fill(0x68, 0, 1)).avcC);
    expect([full.sps.length, full.pps.length, full.pps.at(-1)!.length]).toEqual([31, 255, 65_535]);
  });

  it.each([
    ['nothing', [], /too few/],
    ['another version', [2, 66, 0, 30, 255, 225, 0, 0], /version is 2/],
    ['lengths of three bytes', [1, 66, 0, 30, 254, 224, 0], /3 bytes/],
    ['a set that is cut off', [1, 66, 0, 30, 255, 225, 0, 9, 0x67], /cut off/],
    ['a set of another type', [1, 66, 0, 30, 255, 225, 0, 1, 0x68, 0], /type 8 where 7/],
  ])('is none: %s', (_, bytes, message) => {
    expect(() => readAvcC(Uint8Array.from(bytes))).toThrow(message);
  });
});
