import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { HlsClient, PlaylistSegment } from '../helpers/hls-client.js';
import { ffmpegPath, frameDigests, sourceDigests, type Media } from '../helpers/media.js';

const run = promisify(execFile);

/**
 * Checks that a stream offers every frame of a file, byte for byte, in order, none twice.
 * @param from the first segment of its playlist that is looked at
 */
export async function expectEveryFrame(hls: HlsClient, media: Pick<Media, 'path'>, from = 0): Promise<void> {
  const [source, playlist] = await Promise.all([sourceDigests(media), hls.playlist()]);
  const runs = await hls.withDownload(playlist.segments.slice(from), (paths) =>
    Promise.all(paths.map(frameDigests)),
  );
  const frames = runs.flat();
  expect({ frames: frames.length, missing: difference(source, frames), doubled: doubled(frames) }).toEqual({
    frames: source.length,
    missing: [],
    doubled: [],
  });
  expect(frames.join('\n') === source.join('\n'), 'the frames are in order').toBe(true);
}

/** Numbers of the frames of one list that another has not. */
export function difference(source: string[], frames: string[]): number[] {
  const held = new Set(frames);
  return source.flatMap((digest, index) => (held.has(digest) ? [] : [index]));
}

function doubled(frames: string[]): number[] {
  return frames.flatMap((digest, index) => (frames.indexOf(digest) === index ? [] : [index]));
}

/** Checks that ffmpeg decodes the segments, each run for itself, without a word. */
export async function expectDecodable(hls: HlsClient, segments: readonly PlaylistSegment[]): Promise<void> {
  const decode = (path: string) =>
    run(ffmpegPath, ['-v', 'warning', '-xerror', '-i', path, '-map', '0', '-f', 'null', '-']);
  const said = await hls.withDownload(segments, (paths) => Promise.all(paths.map(decode)));
  expect(said.map(({ stderr }) => stderr).join('')).toBe('');
}
