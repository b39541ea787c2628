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

/** Requests under way: they end by themselves, and a busy moment has any number of them. */
const UNDER_WAY = /^(WriteWrap|ShutdownWrap|FSReq\w+|FileHandleCloseReq|Immediate)$/;

const SOCKET = 'TCPSocketWrap';

/** All that keeps the process alive but sockets and what is under way. */
const handlesOf = (resources: Record<string, number>): number =>
  Object.entries(resources).reduce(
    (sum, [type, count]) => (type === SOCKET || UNDER_WAY.test(type) ? sum : sum + count),
    0,
  );

/** The most of some looks: a playlist that is asked for has a timer for as long as it is held back, and none between two. */
async function openResources(server: BenchServer): Promise<{ sockets: number; handles: number }> {
  let sockets = 0;
  let handles = 0;
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await delay(BETWEEN_LOOKS);
    const resources = await server.ask('resources');
    sockets = Math.max(sockets, resources[SOCKET] ?? 0);
    handles = Math.max(handles, handlesOf(resources));
  }
  return { sockets, handles };
}

/** Looks at a cast. The losses are added to those before. */
export async function probe({ server, streams }: Cast, losses: Losses, startedAt: number): Promise<Sample> {
  const minute = (performance.now() - startedAt) / 60_000;
  const [{ rss, heapUsed, external }, { sockets, handles }, children, files] = [
    await server.ask('memory'),
    await openResources(server),
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
