import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchServer } from '../bench/servers/livedrop.js';
import { percentile } from '../helpers/clock-camera.js';
import { childrenOf } from '../helpers/processes.js';
import type { Balance } from '../chaos/ledger.js';
import type { Breaks } from '../chaos/sample-watcher.js';
import type { Cast } from './cast.js';
import type { Sample } from './measures.js';

/** What is wrong whatever the measures say: what became of the samples, and what else viewers noticed. */
export type Losses = Omit<Balance, 'delays'> & Breaks;

export function noLosses(): Losses {
  return { lost: 0, altered: 0, repeated: 0, discontinuities: 0, ends: 0, gaps: 0 };
}

/** What is not seen so long after it was encoded never arrives, seconds. */
const PATIENCE = 8;

/** How often, and after how long again, ms, it is looked what is open. */
const LOOKS = 3;
const BETWEEN_LOOKS = 100;

const total = (resources: Record<string, number>): number =>
  Object.values(resources).reduce((sum, count) => sum + count, 0);

/** The least of some looks: a write that is under way in one of them is nothing that stays. */
async function restingResources(server: BenchServer): Promise<Record<string, number>> {
  let least = await server.ask('resources');
  for (let look = 1; look < LOOKS; look++) {
    await delay(BETWEEN_LOOKS);
    const resources = await server.ask('resources');
    if (total(resources) < total(least)) least = resources;
  }
  return least;
}

/** Looks at a cast. The losses are added to those before. */
export async function probe({ server, streams }: Cast, losses: Losses, startedAt: number): Promise<Sample> {
  const minute = (performance.now() - startedAt) / 60_000;
  const [{ rss, heapUsed, external }, resources, children, files] = [
    await server.ask('memory'),
    await restingResources(server),
    await childrenOf(server.pid),
    // Elsewhere nothing is told of them.
    process.platform === 'linux' ? await readdir(`/proc/${server.pid}/fd`) : [],
  ];
  const delays: number[] = [];
  const looks = await Promise.all(streams.map((stream) => stream.look(PATIENCE)));
  for (const { balance, breaks } of looks) {
    const { delays: its, ...counts } = balance;
    delays.push(...its);
    for (const [what, count] of Object.entries({ ...counts, ...breaks }))
      losses[what as keyof Losses] += count;
  }
  for (const { problem } of streams) if (problem) throw problem;
  const sockets = resources['TCPSocketWrap'] ?? 0;
  const handles = total(resources) - sockets;
  return {
    minute,
    values: {
      held: (heapUsed + external) / 2 ** 20,
      resident: rss / 2 ** 20,
      openFiles: files.length,
      sockets,
      handles,
      transcoders: children.length,
      delayP50: percentile(delays, 50),
      delayP95: percentile(delays, 95),
    },
  };
}
