import type { BenchContext } from './figure.js';
import { ROADS, type RoadName } from './roads.js';
import type { Road } from './roads/road.js';

/** Every road, ours first. */
export const ALL_ROADS = Object.keys(ROADS) as RoadName[];

/**
 * Measures each thing once a round, one at a time: two at once would take the processor from each other, and on a small
 * machine that is most of what would be measured. Every other round goes backwards, so that neither a machine that gets
 * busier nor the place in the round favours one.
 *
 * @returns a result for each round, by the things' names in their order
 */
export async function alternate<Thing extends { name: string }, Result>(
  rounds: number,
  things: readonly Thing[],
  measure: (thing: Thing, round: number) => Promise<Result>,
): Promise<Record<string, Result[]>> {
  const results: Record<string, Result[]> = Object.fromEntries(things.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const thing of round % 2 === 0 ? things : [...things].reverse()) {
      results[thing.name]?.push(await measure(thing, round));
    }
  }
  return results;
}

/**
 * The same for roads, which are opened before and closed afterwards. One that is not to be had here (a baseline whose
 * program is not installed) is left out, and it is said.
 * @param names of those that the figure compares; `--road` chooses among them
 */
export async function alternateRoads<Result>(
  { roads: chosen, progress }: Pick<BenchContext, 'roads' | 'progress'>,
  rounds: number,
  names: readonly RoadName[],
  measure: (road: Road, round: number) => Promise<Result>,
): Promise<Record<string, Result[]>> {
  const roads: Road[] = [];
  try {
    for (const name of names) {
      if (chosen.length > 0 && !chosen.includes(name)) continue;
      try {
        roads.push(await ROADS[name](name));
      } catch (error) {
        progress(`without ${name}: ${(error as Error).message}`);
      }
    }
    return await alternate(rounds, roads, measure);
  } finally {
    await Promise.all(roads.map((road) => road.close()));
  }
}
