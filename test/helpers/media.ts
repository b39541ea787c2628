import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const ffmpegPath = process.env['FFMPEG_PATH'] ?? 'ffmpeg';
export const ffprobePath = process.env['FFPROBE_PATH'] ?? 'ffprobe';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/livedrop/media/', import.meta.url));

/** What a generated file holds. */
export interface MediaRecipe {
  container: 'webm' | 'mp4' | 'mpegts';
  video?: 'h264' | 'h264-b-frames' | 'vp8' | 'vp9';
  audio?: 'opus' | 'aac';
  /** Which of the frames are there, as an expression of ffmpeg's `select`; the rate varies then. Default all. */
  select?: string;
  /** Default 4. */
  seconds?: number;
  /** Of the picture. Default 320x180. */
  size?: string;
  /** Frames a second, or a fraction such as `30000/1001`. Default 30. */
  frameRate?: number | string;
  /** Seconds. Default 1. */
  keyFrameInterval?: number;
  /** Time of one more key frame between the first and the second, seconds. Default: none. */
  earlyKeyFrame?: number;
  /** Bits a second of video. Default: whatever comes out. */
  bitrate?: number;
}

export interface Media {
  path: string;
  seconds: number;
  /** The file in messages as a recorder hands them out, about 0.1 s each; of MP4, a fragment each. */
  chunks: Uint8Array[];
}

const VIDEO = {
  h264: ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-sc_threshold', '0'],
  'h264-b-frames': ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-sc_threshold', '0'],
  vp8: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8'],
  vp9: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8'],
};
const AUDIO = { opus: ['-c:a', 'libopus'], aac: ['-c:a', 'aac'] };
const CONTAINERS = {
  // Clusters of 100 ms without sizes, as MediaRecorder writes them. ffmpeg's webm muxer takes no H.264.
  webm: ['-f', 'matroska', '-live', '1', '-cluster_time_limit', '100'],
  mp4: ['-f', 'mp4', '-movflags', '+frag_keyframe+empty_moov+default_base_moof'],
  mpegts: ['-f', 'mpegts'],
};

function ffmpegArguments({
  container,
  video,
  audio,
  seconds = 4,
  size = '320x180',
  frameRate = 30,
  keyFrameInterval = 1,
  earlyKeyFrame,
  bitrate,
  select,
}: MediaRecipe): string[] {
  const picture = `testsrc2=size=${size}:rate=${frameRate}:duration=${seconds}`;
  const sound = `sine=frequency=440:sample_rate=48000:duration=${seconds}`;
  const keyFrames =
    earlyKeyFrame === undefined
      ? `expr:gte(t,n_forced*${keyFrameInterval})`
      : `expr:gte(t,if(eq(n_forced,1),${earlyKeyFrame},(n_forced-gt(n_forced,1))*${keyFrameInterval}))`;
  return [
    ...(video ? ['-f', 'lavfi', '-i', picture] : []),
    ...(audio ? ['-f', 'lavfi', '-i', sound] : []),
    ...(select ? ['-vf', `select='${select}'`, '-fps_mode', 'vfr'] : []),
    ...(video ? [...VIDEO[video], '-pix_fmt', 'yuv420p', '-g', '1000', '-force_key_frames', keyFrames] : []),
    ...(bitrate ? ['-b:v', String(bitrate), '-minrate', String(bitrate), '-maxrate', String(bitrate)] : []),
    ...(bitrate ? ['-bufsize', String(bitrate), '-x264-params', 'nal-hrd=cbr:filler=1'] : []),
    ...(audio ? AUDIO[audio] : []),
    ...CONTAINERS[container],
  ];
}

const generated = new Map<string, Promise<void>>();

/** Makes a file with ffmpeg, or takes it from an earlier run. */
export async function generateMedia(recipe: MediaRecipe): Promise<Media> {
  const { container, seconds = 4 } = recipe;
  const args = ffmpegArguments(recipe);
  const digest = createHash('sha256').update(JSON.stringify(args)).digest('hex').slice(0, 16);
  const path = join(CACHE, `${digest}.${container}`);
  if (!generated.has(path)) generated.set(path, generateOnce(path, args));
  await generated.get(path);
  return { path, seconds, chunks: split(await readFile(path), container, seconds) };
}

async function generateOnce(path: string, args: string[]): Promise<void> {
  if (existsSync(path)) return;
  await mkdir(CACHE, { recursive: true });
  // Another process may be at it, too.
  const unfinished = `${path}.${process.pid}`;
  await run(ffmpegPath, ['-v', 'error', '-y', ...args, unfinished]);
  await rename(unfinished, path);
}

/** Where a recorder's messages could start, by the bytes of an element's id or a box's type. */
const STARTS = { webm: Buffer.from([0x1f, 0x43, 0xb6, 0x75]), mp4: Buffer.from('moof') };

function split(bytes: Buffer, container: MediaRecipe['container'], seconds: number): Buffer[] {
  if (container === 'mpegts') {
    const length = Math.ceil(bytes.length / 188 / (seconds * 10)) * 188;
    return splitAt(
      bytes,
      Array.from({ length: Math.ceil(bytes.length / length) - 1 }, (_, index) => (index + 1) * length),
    );
  }
  const cuts: number[] = [];
  // A box's type follows its size of four bytes.
  const before = container === 'mp4' ? 4 : 0;
  for (let at = bytes.indexOf(STARTS[container]); at !== -1; at = bytes.indexOf(STARTS[container], at + 4)) {
    cuts.push(at - before);
  }
  return splitAt(bytes, cuts);
}

function splitAt(bytes: Buffer, cuts: number[]): Buffer[] {
  return [0, ...cuts].map((cut, index) => bytes.subarray(cut, cuts[index]));
}

/** What ffprobe says of a file's or a playlist's streams. */
export interface ProbedStream {
  codec_type: 'video' | 'audio';
  codec_name: string;
  width?: number;
  height?: number;
  sample_rate?: string;
}

/** @param input a path or a URL */
export async function probeStreams(input: string): Promise<ProbedStream[]> {
  const { stdout } = await run(ffprobePath, ['-v', 'error', '-show_streams', '-of', 'json', input], {
    timeout: 20_000,
  });
  return (JSON.parse(stdout) as { streams: ProbedStream[] }).streams;
}

const digested = new Map<string, Promise<string[]>>();

/** The digests of a generated file's frames, by ffmpeg once: it never changes. See {@link frameDigests}. */
export function sourceDigests({ path }: Pick<Media, 'path'>): Promise<string[]> {
  if (!digested.has(path)) digested.set(path, frameDigests(path));
  return digested.get(path)!;
}

/**
 * A digest of each frame of a file's H.264 video, in order. Start codes and lengths are made alike, and what a
 * container repeats by itself (parameter sets, delimiters) is left out.
 */
export async function frameDigests(path: string): Promise<string[]> {
  const filters = ['-bsf:v', 'h264_mp4toannexb,filter_units=remove_types=7-9'];
  const args = [
    '-v',
    'error',
    '-i',
    path,
    '-map',
    '0:v:0',
    '-c',
    'copy',
    ...filters,
    '-f',
    'framemd5',
    'pipe:1',
  ];
  const { stdout } = await run(ffmpegPath, args, { timeout: 20_000, maxBuffer: 1e8 });
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',')[5]!.trim());
}
