import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CLAP } from './clap.js';
import { ffmpegPath } from './media.js';

const run = promisify(execFile);

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/livedrop/recordings/', import.meta.url));

export const FRAME_RATE = 30;

/** A recording ends by itself after so many seconds: longer than any test needs. */
const LENGTH = 40;

/** What is recorded: 320×180 at {@link FRAME_RATE}, a key frame a second, and a {@link CLAP}. */
export interface RecordingRecipe {
  container: 'webm' | 'mp4' | 'mpegts';
  video?: 'h264' | 'h264-b-frames' | 'vp8';
  audio?: 'opus' | 'aac';
  /** How much later than the picture the sound begins, seconds. Default 0. */
  audioDelay?: number;
}

const VIDEO = {
  h264: ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-sc_threshold', '0'],
  'h264-b-frames': ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-sc_threshold', '0'],
  vp8: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '500k'],
};
const AUDIO = { opus: ['-c:a', 'libopus'], aac: ['-c:a', 'aac'] };
const CONTAINERS = {
  // As MediaRecorder writes it: clusters of 100 ms, no index, no duration. ffmpeg's webm muxer takes no H.264.
  webm: ['-f', 'matroska', '-live', '1', '-cluster_time_limit', '100'],
  mp4: ['-f', 'mp4', '-movflags', '+frag_keyframe+delay_moov+default_base_moof'],
  mpegts: ['-f', 'mpegts'],
};

function encoding(recipe: RecordingRecipe): string[] {
  const { container, video, audio, audioDelay = 0 } = recipe;
  // Dark rather than black, so that no two frames are alike.
  const dark = `lutyuv=y=val/16+16:u=128:v=128:enable='not(between(t,${CLAP.from},${CLAP.to}))'`;
  const picture = `testsrc2=size=320x180:rate=${FRAME_RATE}:duration=${LENGTH},${dark}`;
  const tone = `between(t,${CLAP.from - audioDelay},${CLAP.to - audioDelay})*sin(2*PI*1000*t)/4`;
  const sound = `aevalsrc='${tone}':sample_rate=48000:duration=${LENGTH - audioDelay}`;
  return [
    ...(video ? ['-f', 'lavfi', '-i', picture] : []),
    ...(audio ? ['-itsoffset', String(audioDelay), '-f', 'lavfi', '-i', sound] : []),
    ...(video ? [...VIDEO[video], '-pix_fmt', 'yuv420p', '-g', String(FRAME_RATE)] : []),
    ...(audio ? AUDIO[audio] : []),
    ...CONTAINERS[container],
  ];
}

/** Encodes a recording with ffmpeg, or takes it from an earlier run. */
export async function encodeRecording(recipe: RecordingRecipe): Promise<string> {
  const args = encoding(recipe);
  const digest = createHash('sha256').update(JSON.stringify(args)).digest('hex').slice(0, 16);
  const path = join(CACHE, `${digest}.${recipe.container}`);
  if (!existsSync(path)) {
    await mkdir(CACHE, { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    await run(ffmpegPath, ['-v', 'error', '-y', ...args, unfinished]);
    await rename(unfinished, path);
  }
  return path;
}

/** RFC 9559 §5.1.3. */
const CLUSTER_ID = Buffer.from([0x1f, 0x43, 0xb6, 0x75]);

/** What comes before the media of a WebM recording, and the first bytes of its first Cluster. */
export async function webmHeader(recipe: RecordingRecipe): Promise<Buffer> {
  const file = await readFile(await encodeRecording(recipe));
  return file.subarray(0, file.indexOf(CLUSTER_ID) + 12);
}

/** A recorder in front of a publisher: the bytes of one file, as they come into being, in real time. */
export class Recorder implements AsyncIterable<Buffer> {
  readonly #chunks: Buffer[] = [];

  private constructor(
    private readonly output: Readable,
    private readonly skip: number,
    /** Ends the recording properly. */
    readonly stop: () => void,
  ) {}

  /** @param skip leave out so many of the first bytes, as who comes late does. Default 0 */
  static async start(recipe: RecordingRecipe, skip = 0): Promise<Recorder> {
    const path = await encodeRecording(recipe);
    const input = ['-v', 'error', '-re', '-i', path];
    const output = [
      '-map',
      '0',
      '-c',
      'copy',
      ...CONTAINERS[recipe.container],
      '-flush_packets',
      '1',
      'pipe:1',
    ];
    const ffmpeg = spawn(ffmpegPath, [...input, ...output], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(ffmpeg, 'spawn');
    return new Recorder(ffmpeg.stdout, skip, () => ffmpeg.kill('SIGTERM'));
  }

  /** Everything recorded so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Buffer> {
    let skip = this.skip;
    for await (const chunk of this.output as AsyncIterable<Buffer>) {
      this.#chunks.push(chunk);
      if (skip < chunk.length) yield chunk.subarray(skip);
      skip = Math.max(0, skip - chunk.length);
    }
  }
}
