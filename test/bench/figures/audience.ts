import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from '../../helpers/clock-camera.js';
import type { LoadGenerator } from '../load/generator.js';
import type { Received, Watching } from '../load/requests.js';
import type { Live } from '../servers/live.js';
import type { PublishedPart } from '../servers/livedrop.js';
import { processorSeconds } from '../servers/processes.js';

/** What some viewers cost the server, and what they got. */
export interface Watched {
  /** Share of a core that the server used, 0 to 1. */
  processor: number;
  /** The same of the load generator. */
  load: number;
  /** From a part's publication until a viewer had all of it, milliseconds, each part at each viewer. */
  delays: number[];
}

/** Measured with nobody there, too. */
export async function measureAudience(
  generator: LoadGenerator,
  { server }: Live,
  pid: number,
  url: string,
  count: number,
  how: Watching,
  seconds: number,
): Promise<Watched> {
  if (count > 0) await generator.watch({ url, count, how });
  await server.ask('published');
  const used = async (): Promise<number[]> => Promise.all([pid, generator.pid].map(processorSeconds));
  const [before, start] = [await used(), performance.now()];
  await delay(seconds * 1000);
  const [processor, load] = (await used()).map(
    (after, index) => (after - before[index]!) / ((performance.now() - start) / 1000),
  ) as [number, number];
  const received = count > 0 ? await generator.leave() : { parts: [], failures: 0, failure: '' };
  if (how.kind === 'static') return { processor, load, delays: [] };
  return { processor, load, delays: delaysOf(received, await server.ask('published'), how.kind) };
}

function delaysOf({ parts }: Received, published: readonly PublishedPart[], kind: 'hls' | 'mp4'): number[] {
  const keyOf = (part: PublishedPart): number => (kind === 'hls' ? part.number : part.decodeTime);
  const times = new Map(published.map((part) => [keyOf(part), part.at]));
  return parts.flatMap(([key, each]) => {
    const at = times.get(key);
    return at === undefined ? [] : each.map((received) => received - at);
  });
}

/** Milliseconds. */
export function delayText({ delays }: Watched): string {
  return [50, 95].map((p) => `p${p} ${percentile(delays, p).toFixed(1)} ms`).join(', ');
}
