import type { Figure } from '../figure.js';
import { LoadGenerator } from '../load/generator.js';
import type { Watching } from '../load/requests.js';
import { alternate } from '../rounds.js';
import { STREAM, withLive } from '../servers/live.js';
import { Nginx } from '../servers/nginx.js';
import { format } from '../table.js';
import { copy } from './answers.js';
import { measureAudience } from './audience.js';

const ROUNDS = 2;
const VIEWERS = 100;
/** Of a stream, so that its playlist is full, seconds. */
const AGE = 12;
const PART = 0.2;

interface Road {
  name: string;
  url: string;
  pid: number;
  how: Watching;
}

/** How many viewers one core of a server carries. */
export const viewersPerCore: Figure = {
  name: 'viewers-per-core',
  title: 'Viewers of one stream of 2.5 Mbit/s for each core of the server',
  method:
    `What ${VIEWERS} viewers cost the server’s process more than none, by /proc, taken as the share of each. LL-HLS: a playlist, ` +
    `held back until there is a part more, then the part of ${PART} s. live.mp4: a write for each part; “frames”: one for each frame, ` +
    'as our player asks for it. nginx: the same two files, five times a second, without waiting.',
  goals: [{ row: 'viewers per core', roads: ['live.mp4'], least: 5, isRatio: true }],

  async measure({ rounds = ROUNDS, seconds, progress, profiles }) {
    return withLive(
      { age: AGE, packaging: { partDuration: PART }, ...(profiles && { profiles }) },
      async (live) => {
        const load = await LoadGenerator.start();
        let nginx: Nginx | undefined;
        try {
          const { url, pid } = live.server;
          const roads: Road[] = [
            { name: 'LL-HLS', url, pid, how: { kind: 'hls', streamId: STREAM } },
            { name: 'live.mp4', url, pid, how: { kind: 'mp4', streamId: STREAM } },
            { name: 'live.mp4, frames', url, pid, how: { kind: 'mp4', streamId: STREAM, flush: 'frame' } },
          ];
          try {
            nginx = await Nginx.start();
            const { playlist, part } = await live.newest();
            const paths = [playlist, part];
            await copy(live, paths, nginx.folder);
            const how: Watching = { kind: 'static', paths, interval: PART };
            roads.push({ name: 'nginx, files', url: nginx.url, pid: nginx.pid, how });
          } catch (error) {
            progress(`without nginx: ${(error as Error).message}`);
          }
          const shares = await alternate(rounds, roads, async (road, round) => {
            const measure = (count: number) =>
              measureAudience(load, live, road.pid, road.url, count, road.how, seconds);
            const none = await measure(0);
            const some = await measure(VIEWERS);
            const share = (some.processor - none.processor) / VIEWERS;
            progress(`${round + 1}/${rounds} ${road.name}: ${format('percent', share * 100)} each`);
            return share;
          });
          const values = (value: (share: number) => number): Record<string, number[]> =>
            Object.fromEntries(Object.entries(shares).map(([name, of]) => [name, of.map(value)]));
          return {
            baseline: 'LL-HLS',
            rows: [
              {
                what: 'viewers per core',
                unit: 'count',
                summary: 'median',
                values: values((share) => 1 / share),
              },
              {
                what: 'of a core each',
                unit: 'percent',
                summary: 'median',
                values: values((share) => share * 100),
              },
            ],
          };
        } finally {
          await Promise.all([load.stop(), nginx?.stop()]);
        }
      },
    );
  },
};
