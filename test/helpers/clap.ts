import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ffmpegPath } from './media.js';

const run = promisify(execFile);

/** The picture is bright and the sound loud from one time to the other, and dark and silent before and after; seconds. */
export const CLAP = { from: 2, to: 3 };

/** When a file's clap begins and ends, by its decoded pictures and sound, in seconds of the file's own clock. */
export interface Clap {
  seen: number[];
  heard: number[];
}

/** Less than a frame between two dark moments; more than a period of the tone. */
const SHORTEST = 0.1;

export async function findClap(path: string): Promise<Clap> {
  const filters = [
    '-vf',
    `blackdetect=d=${SHORTEST}:pix_th=0.1`,
    '-af',
    `silencedetect=d=${SHORTEST}:noise=-30dB`,
  ];
  const args = ['-hide_banner', '-nostats', '-copyts', '-i', path, ...filters, '-f', 'null', '-'];
  const { stderr } = await run(ffmpegPath, args, { timeout: 20_000 });
  const time = (what: string): number => Number(new RegExp(`${what}: ?([0-9.]+)`).exec(stderr)?.[1]);
  const last = (what: string): number => Number(new RegExp(`.*${what}: ?([0-9.]+)`, 's').exec(stderr)?.[1]);
  return {
    seen: [time('black_end'), last('black_start')],
    heard: [time('silence_end'), last('silence_start')],
  };
}

/** How much later a clap is heard than seen, at its beginning and at its end, seconds. */
export function soundOffsets({ seen, heard }: Clap): number[] {
  return heard.map((time, index) => time - seen[index]!);
}
