import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { writeChromiumWebm } from '../../fixtures/media/chromium-webm.js';
import type { TranscoderInput } from '../../../server/ingest/transcoder.js';
import {
  DURATION,
  FRAME_RATE,
  generateMedia,
  recipes,
  type MediaName,
} from '../../fixtures/media/generate.js';
import { brightness, firstSoundTime, nalUnits, readPackets, waveform } from './media-probe.js';
import { transcodeFile, type TimedSample, type TranscodedFile } from './transcode-file.js';

/** Largest error of a time, seconds. */
const TOLERANCE = 0.005;

// Each test runs ffmpeg several times.
vi.setConfig({ testTimeout: 60_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livedrop-ffmpeg-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const transcoded = new Map<string, Promise<TranscodedFile>>();

/** What becomes of a file, by ffmpeg once: several tests look at it. */
async function transcode(name: MediaName, video: TranscoderInput['video'], audio: TranscoderInput['audio']) {
  const path = await generateMedia(folder, name);
  const key = [name, video, audio].join();
  if (!transcoded.has(key)) {
    transcoded.set(key, transcodeFile(path, { container: recipes[name].container, video, audio }));
  }
  const file = await transcoded.get(key)!;
  expect(file.error).toBeUndefined();
  return { path, file };
}

/** What was added to each source time to get the output's: least and most, seconds. */
function shift(source: { time: number }[], output: { time: number }[]): { least: number; most: number } {
  const differences = output.map(({ time }, index) => time - source[index]!.time);
  return { least: Math.min(...differences), most: Math.max(...differences) };
}

/** How long after the picture turns white the tone is heard, seconds. */
async function soundDelay(path: string, pictureTimes: number[], firstSound: number): Promise<number> {
  const [pictures, samples] = await Promise.all([brightness(path), waveform(path)]);
  const frame = pictures.findIndex((value) => value > 128);
  const picture = pictureTimes.sort((a, b) => a - b)[frame]!;
  const loudest = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const onset = samples.findIndex((value) => Math.abs(value) > loudest / 2);
  return firstSound + onset / 48_000 - picture;
}

async function delayInSource(path: string): Promise<number> {
  const [packets, firstSound] = await Promise.all([readPackets(path, 'v'), firstSoundTime(path)]);
  return await soundDelay(
    path,
    packets.map((packet) => packet.time),
    firstSound,
  );
}

async function delayInOutput(file: TranscodedFile): Promise<number> {
  const path = join(folder, 'output.mp4');
  await writeFile(path, file.bytes);
  const times = file.video.map((sample) => sample.time);
  return await soundDelay(path, times, file.audio[0]!.time);
}

/** Samples whose duration is not the distance to the next one. */
function wrongDurations(samples: TimedSample[]): TimedSample[] {
  return samples
    .slice(0, -1)
    .filter((sample, index) => sample.dts + sample.duration !== samples[index + 1]!.dts);
}

describe('copied video', () => {
  const cases: [MediaName, TranscoderInput['audio']][] = [
    ['h264-opus.webm', 'encode'],
    ['uneven-h264-opus.webm', 'encode'],
    ['h264-b-frames.mkv', 'copy'],
    ['h264-b-frames.mkv', 'encode'],
    ['h264-aac.mp4', 'copy'],
    ['h264-b-frames.mp4', 'copy'],
    ['h264-b-frames.mp4', 'encode'],
    ['h264-aac.ts', 'copy'],
    ['h264-aac.ts', 'encode'],
    ['no-audio.webm', 'encode'],
    ['late-audio.webm', 'encode'],
    ['late-video.webm', 'encode'],
  ];

  it.each(cases)('every frame of %s arrives byte for byte and in time (audio: %s)', async (name, audio) => {
    const { path, file } = await transcode(name, 'copy', audio);
    const source = await readPackets(path, 'v');
    expect(file.video.map((sample) => nalUnits(sample.data))).toEqual(
      source.map((packet) => nalUnits(packet.bytes)),
    );
    expect(file.video[0]!.key).toBe(true);
    const { least, most } = shift(source, file.video);
    expect(most - least).toBeLessThan(0.001);
    expect(wrongDurations(file.video)).toEqual([]);
    expect(wrongDurations(file.audio)).toEqual([]);
  });

  it("Chromium's WebM is copied, which has its parameter sets in the pictures only", async () => {
    const video = await readPackets(await generateMedia(folder, 'h264.ts'), 'v');
    const audio = await readPackets(await generateMedia(folder, 'no-video.webm'), 'a');
    const path = join(folder, 'chromium.webm');
    await writeFile(path, writeChromiumWebm(320, 180, video, audio));
    const file = await transcodeFile(path, { video: 'copy', audio: 'encode' });
    expect(file.error).toBeUndefined();
    expect(file.tracks).toMatchObject([
      { kind: 'video', codec: 'avc1.42C00D', width: 320 },
      { kind: 'audio' },
    ]);
    expect(file.video.map((sample) => nalUnits(sample.data))).toEqual(
      video.map((packet) => nalUnits(packet.bytes)),
    );
    expect(file.video.filter((sample) => sample.key)).toHaveLength(DURATION);
    expect(wrongDurations(file.video)).toEqual([]);
  });

  it.each<MediaName>([
    'h264-opus.webm',
    'h264-b-frames.mkv',
    'h264-aac.mp4',
    'h264-b-frames.mp4',
    'h264-aac.ts',
    'late-audio.webm',
    'late-video.webm',
  ])('the sound of %s stays with its pictures where it is encoded', async (name) => {
    const { path, file } = await transcode(name, 'copy', 'encode');
    expect(Math.abs((await delayInOutput(file)) - (await delayInSource(path)))).toBeLessThan(TOLERANCE);
  });

  it.each<MediaName>(['h264-aac.mp4', 'h264-b-frames.mp4', 'h264-b-frames.mkv', 'h264-aac.ts'])(
    'every audio packet of %s arrives byte for byte and stays with its pictures',
    async (name) => {
      const { path, file } = await transcode(name, 'copy', 'copy');
      const source = await readPackets(path, 'a');
      const adtsHeader = name.endsWith('.ts') ? 7 : 0;
      expect(file.audio.map((sample) => Buffer.from(sample.data).toString('hex'))).toEqual(
        source.map((packet) => packet.bytes.toString('hex', adtsHeader)),
      );
      const video = shift(await readPackets(path, 'v'), file.video);
      const audio = shift(source, file.audio);
      expect(Math.max(audio.most, video.most) - Math.min(audio.least, video.least)).toBeLessThan(0.001);
    },
  );
});

describe('encoded video', () => {
  it.each(['copy', 'encode'] as const)(
    'goes on evenly where the clock of MPEG-TS wraps: %s',
    async (video) => {
      const { file } = await transcode('wrapping.ts', video, 'copy');
      // One more, or less, where the frame rate is made constant.
      expect(Math.abs(file.video.length - DURATION * FRAME_RATE)).toBeLessThanOrEqual(1);
      for (const { samples, step } of [
        { samples: file.video, step: 1 / FRAME_RATE },
        { samples: file.audio, step: 1024 / 48_000 },
      ]) {
        samples.slice(1).forEach(({ time }, index) => {
          expect(time - samples[index]!.time).toBeCloseTo(step, 2);
        });
      }
      // Both tracks began anew at the same moment.
      expect(Math.abs(file.audio.at(-1)!.time - file.video.at(-1)!.time)).toBeLessThan(0.1);
    },
  );

  it.each<MediaName>(['vp8-opus.webm', 'h264-aac.ts'])(
    '%s becomes H.264 and AAC at a constant rate',
    async (name) => {
      const { path, file } = await transcode(name, 'encode', 'encode');
      expect(file.tracks.map((track) => track.codec)).toEqual([
        expect.stringMatching(/^avc1\.64/),
        'mp4a.40.2',
      ]);
      expect(Math.abs(file.video.length - DURATION * FRAME_RATE)).toBeLessThanOrEqual(1);
      const steps = file.video.slice(1).map((sample, index) => sample.time - file.video[index]!.time);
      expect(Math.max(...steps) - Math.min(...steps)).toBeLessThan(1e-6);
      const keys = file.video.flatMap((sample, index) => (sample.key ? [index] : []));
      expect(keys.slice(0, DURATION)).toEqual([0, 30, 60, 90]);
      // A constant rate moves a frame by up to half its duration.
      const largest = 0.5 / FRAME_RATE + TOLERANCE;
      expect(Math.abs((await delayInOutput(file)) - (await delayInSource(path)))).toBeLessThan(largest);
    },
  );
});

it('makes the size of encoded video even', async () => {
  const { file } = await transcode('odd-size-vp8.webm', 'encode', 'encode');
  expect(file.tracks).toMatchObject([{ width: 320, height: 180 }]);
});

it('scales encoded video down to the largest side', async () => {
  const path = await generateMedia(folder, 'vp8-opus.webm');
  const file = await transcodeFile(path, { video: 'encode' }, { maxVideoSide: 160 });
  expect(file.tracks[0]).toMatchObject({ width: 160, height: 90 });
});

describe('streams with one track', () => {
  it('has no audio', async () => {
    const { file } = await transcode('no-audio.webm', 'copy', 'encode');
    expect(file.tracks.map((track) => track.kind)).toEqual(['video']);
  });

  it('has no video', async () => {
    const { path, file } = await transcode('no-video.webm', 'copy', 'encode');
    expect(file.tracks.map((track) => track.kind)).toEqual(['audio']);
    const source = await readPackets(path, 'a');
    expect(Math.abs(file.audio.length * 1024 - source.length * 960)).toBeLessThan(3 * 1024);
  });
});
