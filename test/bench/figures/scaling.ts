import { percentile } from '../../helpers/clock-camera.js';
import type { Figure, Row } from '../figure.js';
import { LoadGenerator } from '../load/generator.js';
import { alternate } from '../rounds.js';
import { STREAM, withLive } from '../servers/live.js';
import { format } from '../table.js';
import { delayText, measureAudience, type Watched } from './audience.js';

const ROUNDS = 1;
const COUNTS = [1, 10, 100, 1000];
const AGE = 12;

/** Nothing can be told of it. */
const TOO_MANY: Watched & { each: number } = { processor: NaN, delays: [], each: NaN };

/** What an audience costs as it grows. */
export const scaling: Figure = {
  name: 'scaling',
  title: 'One stream of 2.5 Mbit/s as its audience grows',
  method:
    'Part delay: from the moment that a part can be had in the server until a viewer has its last byte, of each part at each ' +
    'viewer. The processor’s share is that of the server’s process, all viewers together and the broadcast itself; “each” is ' +
    'what the viewers add, by their number. The load generator uses another core: where there is none left, delays are its own, ' +
    'and “–” stands where not all viewers were served (an audience beyond the knee, not a failure of the bench).',
  goal: 'linear or better; p95 part delay ≤ 50 ms at the knee',

  async measure({ rounds = ROUNDS, seconds, progress, profiles }) {
    return withLive({ age: AGE, recordParts: true, ...(profiles && { profiles }) }, async (live) => {
      let load = await LoadGenerator.start();
      const { url, pid } = live.server;
      const how = { kind: 'hls', streamId: STREAM } as const;
      try {
        const alone = await measureAudience(load, live, pid, url, 0, how, seconds);
        const things = (['hls', 'mp4'] as const).flatMap((kind) =>
          COUNTS.map((count) => ({
            name: `${kind === 'hls' ? 'LL-HLS' : 'live.mp4'}, ${count}`,
            kind,
            count,
          })),
        );
        const results = await alternate(rounds, things, async ({ name, kind, count }, round) => {
          let watched: Watched;
          try {
            const streamOf = { kind, streamId: STREAM } as const;
            watched = await measureAudience(load, live, pid, url, count, streamOf, seconds);
          } catch (error) {
            progress(
              `${round + 1}/${rounds} ${name}: too many for this machine (${(error as Error).message})`,
            );
            // Its viewers end with its process.
            await load.stop();
            load = await LoadGenerator.start();
            return TOO_MANY;
          }
          const share = format('percent', watched.processor * 100);
          progress(`${round + 1}/${rounds} ${name}: ${share} of a core, delay ${delayText(watched)}`);
          return { ...watched, each: (watched.processor - alone.processor) / count };
        });
        const row = (
          what: string,
          unit: Row['unit'],
          value: (watched: Watched & { each: number }) => number,
        ): Row => ({
          what,
          unit,
          summary: 'median',
          values: Object.fromEntries(Object.entries(results).map(([name, of]) => [name, of.map(value)])),
        });
        return {
          rows: [
            row('of a core', 'percent', ({ processor }) => processor * 100),
            row('each', 'percent', ({ each }) => each * 100),
            row('part delay p50', 'milliseconds', ({ delays }) => percentile(delays, 50)),
            row('p95', 'milliseconds', ({ delays }) => percentile(delays, 95)),
          ],
        };
      } finally {
        await load.stop();
      }
    });
  },
};
