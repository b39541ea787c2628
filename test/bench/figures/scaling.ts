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

/** By the names of the transports in the table. */
const KINDS = { 'LL-HLS': 'hls', 'live.mp4': 'mp4' } as const;

/** Of a core: a process that uses more of its one core makes everything late, whatever it does. */
const BUSY = 0.8;

interface Result extends Watched {
  /** Share of a core that one viewer adds, 0 to 1. */
  each: number;
}

/** Nothing can be told of it. */
const TOO_MANY: Result = { processor: NaN, load: NaN, delays: [], each: NaN };

/** What an audience costs as it grows. */
export const scaling: Figure = {
  name: 'scaling',
  title: 'One stream of 2.5 Mbit/s as its audience grows',
  method:
    'Part delay: from the moment that a part can be had in the server until a viewer has its last byte, of each part at each ' +
    'viewer. The processor’s share is that of the server’s process, all viewers together and the broadcast itself; “each” is ' +
    'what the viewers add, by their number. The load generator uses another core: where there is none left, delays are its own, ' +
    'and “–” stands where not all viewers were served (an audience beyond the knee, not a failure of the bench). The knee is the ' +
    `largest audience with which neither the server nor the load generator uses more than ${BUSY * 100} % of a core; growth is what one ` +
    `viewer costs there, by what one of ${COUNTS[1]} costs.`,
  goals: [
    { row: 'growth to the knee', roads: Object.keys(KINDS), most: 1 },
    { row: 'p95 at the knee', roads: Object.keys(KINDS), most: 50 },
  ],

  async measure({ rounds = ROUNDS, seconds, progress, profiles }) {
    return withLive({ age: AGE, recordParts: true, ...(profiles && { profiles }) }, async (live) => {
      let load = await LoadGenerator.start();
      const { url, pid } = live.server;
      const how = { kind: 'hls', streamId: STREAM } as const;
      try {
        const alone = await measureAudience(load, live, pid, url, 0, how, seconds);
        const things = Object.entries(KINDS).flatMap(([transport, kind]) =>
          COUNTS.map((count) => ({ name: nameOf(transport, count), kind, count })),
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
        const row = (what: string, unit: Row['unit'], value: (result: Result) => number): Row => ({
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
            ...kneeRows(results, rounds),
          ],
        };
      } finally {
        await load.stop();
      }
    });
  },
};

function nameOf(transport: string, count: number): string {
  return `${transport}, ${count}`;
}

/** Of each transport, in each round. */
function kneeRows(results: Record<string, Result[]>, rounds: number): Row[] {
  const row = (
    what: string,
    unit: Row['unit'],
    value: (knee: Result, few: Result, count: number) => number,
  ): Row => {
    const ofRound = (transport: string, round: number): number => {
      const of = (count: number): Result => results[nameOf(transport, count)]?.[round] ?? TOO_MANY;
      const count = COUNTS.findLast((each) => of(each).processor <= BUSY && of(each).load <= BUSY);
      return count === undefined ? NaN : value(of(count), of(COUNTS[1]!), count);
    };
    const rows = Object.keys(KINDS).map((transport) => [
      transport,
      Array.from({ length: rounds }, (_, round) => ofRound(transport, round)),
    ]);
    return { what, unit, summary: 'median', hidden: true, values: Object.fromEntries(rows) as Row['values'] };
  };
  return [
    row('knee', 'count', (_knee, _few, count) => count),
    row('growth to the knee', 'times', ({ each }, few) => each / few.each),
    row('p95 at the knee', 'milliseconds', ({ delays }) => percentile(delays, 95)),
  ];
}
