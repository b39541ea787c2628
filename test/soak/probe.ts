import { readdir } from 'node:fs/promises';
import { percentile } from '../helpers/clock-camera.js';
import { childrenOf } from '../helpers/processes.js';
import type { Cast } from './cast.js';
import type { Sample } from './measures.js';

/** What is wrong whatever the measures say. */
export interface Losses {
  lost: number;
  altered: number;
  repeated: number;
}

/** Looks at a cast. The losses are added to those before. */
export async function probe({ server, streams }: Cast, losses: Losses, startedAt: number): Promise<Sample> {
  const minute = (performance.now() - startedAt) / 60_000;
  const [{ rss, heapUsed, external }, resources, children, files] = [
    await server.ask('memory'),
    await server.ask('resources'),
    await childrenOf(server.pid),
    // Without /proc nothing is told of them.
    await readdir(`/proc/${server.pid}/fd`).catch(() => []),
  ];
  const delays: number[] = [];
  for (const stream of streams) {
    if (stream.problem) throw stream.problem;
    const balance = stream.balance();
    delays.push(...balance.delays);
    losses.lost += balance.lost;
    losses.altered += balance.altered;
    losses.repeated += balance.repeated;
  }
  const sockets = resources['TCPSocketWrap'] ?? 0;
  const handles = Object.values(resources).reduce((sum, count) => sum + count, 0) - sockets;
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
