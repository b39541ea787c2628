import { openFfmpegHls } from './roads/ffmpeg-hls.js';
import { openLivedrop } from './roads/livedrop.js';
import type { Road } from './roads/road.js';

/** Every road that is compared, ours first. */
const ROADS = [openLivedrop, openFfmpegHls];

/**
 * Measures each road once a round, one at a time: two at once would take the processor from each other, and on a small
 * machine that is most of what would be measured. Every other round goes backwards, so that neither a machine that gets
 * busier nor the place in the round favours one.
 *
 * @returns a result for each round, by the roads' names in their order
 */
export async function alternate<T>(
  rounds: number,
  measure: (road: Road, round: number) => Promise<T>,
): Promise<Record<string, T[]>> {
  const roads: Road[] = [];
  try {
    for (const open of ROADS) roads.push(await open());
    const results: Record<string, T[]> = Object.fromEntries(roads.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const road of round % 2 === 0 ? roads : [...roads].reverse()) {
        results[road.name]?.push(await measure(road, round));
      }
    }
    return results;
  } finally {
    await Promise.all(roads.map((road) => road.close()));
  }
}
