import { expect } from 'vitest';
import type { HlsClient } from '../helpers/hls-client.js';
import { frameDigests, type Media } from '../helpers/media.js';

/**
 * Checks that a stream offers every frame of a file, byte for byte, in order, none twice.
 * @param from the first segment of its playlist that is looked at
 */
export async function expectEveryFrame(hls: HlsClient, media: Media, from = 0): Promise<void> {
  const source = await frameDigests(media.path);
  const playlist = await hls.playlist();
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
