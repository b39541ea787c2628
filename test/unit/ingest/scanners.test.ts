import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeChromiumWebm } from '../../fixtures/media/chromium-webm.js';
import { ContainerDetector } from '../../../server/ingest/container-detector.js';
import type { ContainerScanner } from '../../../server/ingest/container.js';

const folder = mkdtempSync(join(tmpdir(), 'livedrop-scanners-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ffmpeg = process.env['FFMPEG_PATH'] ?? 'ffmpeg';
const video = ['-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=30'];
const audio = ['-f', 'lavfi', '-i', 'sine=sample_rate=48000'];
const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '15', '-pix_fmt', 'yuv420p'];
const fragmented = ['-movflags', 'frag_keyframe+empty_moov+default_base_moof'];

/** Real files, as the muxers of ffmpeg write them. */
const FILES: Record<string, { args: string[]; kind: string; codecs: object; boundaries: number }> = {
  'h264-opus.mkv': {
    args: [
      ...video,
      ...audio,
      ...h264,
      '-c:a',
      'libopus',
      '-f',
      'matroska',
      '-live',
      '1',
      '-cluster_time_limit',
      '500',
    ],
    ...{ kind: 'webm', codecs: { video: 'h264', audio: 'other' }, boundaries: 1 },
  },
  'vp8-opus.webm': {
    args: [...video, ...audio, '-c:v', 'libvpx', '-g', '15', '-c:a', 'libopus', '-cluster_time_limit', '500'],
    ...{ kind: 'webm', codecs: { video: 'other', audio: 'other' }, boundaries: 2 },
  },
  'h264-aac.mp4': {
    args: [...video, ...audio, ...h264, '-c:a', 'aac', ...fragmented],
    ...{ kind: 'mp4', codecs: { video: 'h264', audio: 'aac' }, boundaries: 3 },
  },
  'high10.mp4': {
    args: [...video, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p10le', ...fragmented],
    ...{ kind: 'mp4', codecs: { video: 'other', audio: undefined }, boundaries: 1 },
  },
  'mp3.mp4': {
    args: [...audio, '-c:a', 'libmp3lame', ...fragmented],
    ...{ kind: 'mp4', codecs: { video: undefined, audio: 'other' }, boundaries: 1 },
  },
  'h264-aac.ts': {
    args: [...video, ...audio, ...h264, '-c:a', 'aac'],
    ...{ kind: 'mpegts', codecs: { video: 'h264', audio: 'aac' }, boundaries: 2 },
  },
  // Its timestamps, of 33 bits, begin anew in the middle.
  'wrapped.ts': {
    args: [...video, ...audio, ...h264, '-c:a', 'aac', '-output_ts_offset', String(2 ** 33 / 90_000 - 2.4)],
    ...{ kind: 'mpegts', codecs: { video: 'h264', audio: 'aac' }, boundaries: 2 },
  },
  'late.ts': {
    args: [...video, ...audio, ...h264, '-c:a', 'aac', '-output_ts_offset', '1000'],
    ...{ kind: 'mpegts', codecs: { video: 'h264', audio: 'aac' }, boundaries: 2 },
  },
  'mpeg2-mp2.ts': {
    args: [...video, ...audio, '-c:v', 'mpeg2video', '-c:a', 'mp2'],
    ...{ kind: 'mpegts', codecs: { video: 'other', audio: 'other' }, boundaries: 2 },
  },
};

beforeAll(() => {
  for (const [name, { args }] of Object.entries(FILES)) {
    execFileSync(ffmpeg, ['-v', 'error', '-y', ...args, '-t', '2', join(folder, name)]);
  }
}, 60_000);

function scan(file: Uint8Array, size: number): ContainerScanner | undefined {
  const detector = new ContainerDetector();
  let scanner: ContainerScanner | undefined;
  for (let at = 0; at < file.length; at += size) {
    const piece = file.subarray(at, at + size);
    if (scanner) scanner.push(piece);
    else scanner = detector.push(piece);
  }
  return scanner;
}

/** What a new transcoder is given. */
const keptOf = (scanner: ContainerScanner | undefined): Uint8Array[] =>
  scanner ? [...scanner.replay.replay().bytes, scanner.partial] : [];

describe.each(Object.entries(FILES))('%s', (name, { kind, codecs, boundaries }) => {
  it.each([1, 13, 1000, 1_000_000])('is understood in pieces of %i bytes', (size) => {
    const scanner = scan(readFileSync(join(folder, name)), size);
    expect(scanner?.kind).toBe(kind);
    expect(scanner?.codecs).toEqual(codecs);
    expect(scanner?.replay.boundaries).toBeGreaterThanOrEqual(boundaries);
  });

  it('can be read from what is kept: its header and the bytes since the last boundary', () => {
    const file = readFileSync(join(folder, name));
    const replay = Buffer.concat(keptOf(scan(file, 1000)));
    expect(file.subarray(-50).equals(replay.subarray(-50))).toBe(true);
    if (kind !== 'mpegts') expect(file.subarray(0, 100).equals(replay.subarray(0, 100))).toBe(true);
    const path = join(folder, `replay-${name}`);
    const frames = execFileSync(ffmpeg, ['-v', 'error', '-i', 'pipe:0', '-f', 'framemd5', '-'], {
      input: replay,
    });
    expect(
      frames
        .toString()
        .split('\n')
        .filter((line) => /^\d/.test(line)).length,
      path,
    ).toBeGreaterThan(0);
  });
});

it('takes a leap of MPEG-TS’ clock out, as ffmpeg does', () => {
  const scanner = scan(
    Buffer.concat(['h264-aac.ts', 'late.ts'].map((name) => readFileSync(join(folder, name)))),
    1000,
  )!;
  const all = Buffer.concat(keptOf(scanner)).length;
  scanner.replay.cameOut(100, true);
  scanner.replay.cameOut(103.55, false);
  const left = Buffer.concat(keptOf(scanner)).length;
  expect(left).toBeLessThan(all * 0.4);
  expect(left).toBeGreaterThan(all * 0.1);
});

describe.each([
  'h264-opus.mkv',
  'vp8-opus.webm',
  'h264-aac.mp4',
  'h264-aac.ts',
  'wrapped.ts',
  'mpeg2-mp2.ts',
])('of %s', (name) => {
  it.each([13, 1000])('all is kept until it came out, in pieces of %i bytes', (size) => {
    const file = readFileSync(join(folder, name));
    const scanner = scan(file, size)!;
    const kept = (): number => Buffer.concat(keptOf(scanner)).length;
    // The transcoder's clock is another one.
    const cameOut = (seconds: number): void => {
      scanner.replay.cameOut(100, true);
      scanner.replay.cameOut(100 + seconds, false);
    };
    const all = kept();
    expect(all).toBeGreaterThan(file.length * 0.95);
    cameOut(0.4);
    expect(kept()).toBe(all);
    // Groups of half a second, of two seconds.
    cameOut(1.65);
    expect(kept()).toBeLessThan(file.length * 0.4);
    // The same can be had of the file itself.
    const place = scanner.replay.place(true)!;
    const { replay } = scanner;
    expect(Buffer.concat([replay.header(), file.subarray(place)])).toEqual(Buffer.concat(keptOf(scanner)));
  });
});

describe('ContainerDetector', () => {
  it('names the bytes that are no container', () => {
    expect(() => new ContainerDetector().push(new TextEncoder().encode('{"type":"stream-data"}'))).toThrow(
      /7b 22 74 79 70 65 22 3a.*no WebM, Matroska, MP4 or MPEG-TS/,
    );
  });

  it('copies H.264 without CodecPrivate, as Chromium’s MediaRecorder writes it', () => {
    const idr = Buffer.from('000000016742c01f0000000168ce3c8000000001658884', 'hex');
    const video = [0, 0.5, 1].map((time) => ({ time, bytes: idr }));
    const scanner = scan(
      writeChromiumWebm(320, 180, video, [{ time: 0, bytes: Buffer.from('fc') }] as never),
      100,
    );
    expect(scanner?.codecs).toEqual({ video: 'h264', audio: 'other' });
    expect(scanner?.replay.boundaries).toBe(3);
  });

  it('does not take every text that begins with a G for MPEG-TS', () => {
    const text = new TextEncoder().encode(`GET / HTTP/1.1\r\n${'x'.repeat(200)}`);
    expect(() => new ContainerDetector().push(text)).toThrow(/47 45 54.*no WebM/);
  });

  it('waits for enough bytes to tell', () => {
    const detector = new ContainerDetector();
    expect(detector.push(Uint8Array.of(0x1a, 0x45))).toBeUndefined();
    expect(() => detector.push(Uint8Array.of(1, 2, 3, 4, 5, 6))).toThrow(/UNSUPPORTED|no WebM/);
  });

  it('gives up on a header without end', () => {
    const detector = new ContainerDetector();
    const box = new Uint8Array(64 * 1024);
    box.set([0x7f, 0xff, 0xff, 0xff, 0x66, 0x72, 0x65, 0x65]);
    expect(() => {
      for (let index = 0; index < 20; index++) detector.push(index === 0 ? box : new Uint8Array(64 * 1024));
    }).toThrow(/no media was found in the first/);
  });

  it('survives any bytes behind a real header', () => {
    const file = readFileSync(join(folder, 'h264-opus.mkv'));
    let seed = 1;
    const noise = Uint8Array.from({ length: 200_000 }, () => (seed = (seed * 48_271) % 2_147_483_647) & 0xff);
    const scanner = scan(Buffer.concat([file.subarray(0, 20_000), noise]), 997);
    expect(Buffer.concat(keptOf(scanner)).length).toBeGreaterThan(0);
  });
});
