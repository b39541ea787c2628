import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { HlsClient, Playlist, PlaylistSegment } from '../helpers/hls-client.js';
import { ffmpegPath, frameDigests, probeStreams, sourceDigests, type Media } from '../helpers/media.js';

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

/**
 * Checks that a stream has ended, is as long as what was sent, and is coded as expected.
 * @param codecs as ffprobe calls them, in any order
 */
export async function expectEnded(
  hls: HlsClient,
  media: Pick<Media, 'seconds'>,
  codecs: readonly string[],
): Promise<Playlist> {
  const playlist = await hls.playlist();
  expect(playlist.ended).toBe(true);
  const duration = playlist.segments.reduce((sum, segment) => sum + segment.duration!, 0);
  expect(duration).toBeGreaterThan(media.seconds - 0.1);
  expect(duration).toBeLessThan(media.seconds + 0.2);
  const streams = await probeStreams(hls.url);
  expect(streams.map(({ codec_name }) => codec_name).sort()).toEqual([...codecs].sort());
  return playlist;
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
