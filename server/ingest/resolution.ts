import { LivestreamError } from '../errors.js';
import type { Track } from '../hls/sample.js';

/**
 * Every viewer decodes what a publisher sends, and a transcoder that scales or encodes it does so for each frame.
 * @param maxPixels width × height
 * @throws LivestreamError TOO_LARGE
 */
export function checkResolution(tracks: readonly (Track | undefined)[], maxPixels: number): void {
  for (const track of tracks) {
    const { width = 0, height = 0 } = track ?? {};
    if (width * height <= maxPixels) continue;
    throw new LivestreamError(
      'TOO_LARGE',
      `video of ${width}×${height} has ${width * height} pixels; the most is ${maxPixels}: send a smaller picture`,
      { limit: 'maxPixels' },
    );
  }
}
