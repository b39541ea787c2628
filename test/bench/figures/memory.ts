import { setTimeout as delay } from 'node:timers/promises';
import type { Figure, Row } from '../figure.js';
import { LoadGenerator } from '../load/generator.js';
import { STREAM, withLive } from '../servers/live.js';
import type { Memory } from '../servers/livedrop.js';
import { slope } from '../statistics.js';
import { format } from '../table.js';

const VIEWERS = 100;
/** Until the window is full and its oldest media is given back, seconds. */
const FILL = 25;
const SAMPLES = 60;

/** A stream and its viewers. */
const NAME = 'livedrop';

/** Growth that is none, MB a minute: 1.5 MB in half an hour, as much as the garbage collector leaves now and then. */
const FLAT = 0.05;

interface Point {
  x: number;
  y: number;
}

/** Whether a stream with an audience grows. */
export const memory: Figure = {
  name: 'memory',
  title: `Memory of a server with one stream and ${VIEWERS} viewers (--minutes)`,
  method:
    'Half of the viewers play LL-HLS, half live.mp4, for as long as --minutes says. Resident: what the system counts. Held: heap ' +
    `and buffers after a garbage collection. From ${FILL} s on, when the window is full. Growth is the slope of the straight ` +
    'line that fits best through the second half: in the first one code is compiled and the heap takes the size that it needs.',
  goals: ['resident growth', 'held growth'].map((row) => ({
    row,
    roads: [NAME],
    most: FLAT,
    by: '--minutes 30',
  })),

  async measure({ minutes, progress, profiles }) {
    return withLive({ age: FILL, collectsGarbage: true, ...(profiles && { profiles }) }, async (live) => {
      const load = await LoadGenerator.start();
      try {
        const { url } = live.server;
        for (const kind of ['hls', 'mp4'] as const) {
          await load.watch({ url, count: VIEWERS / 2, how: { kind, streamId: STREAM } });
        }
        const samples: (Memory & { minute: number })[] = [];
        const start = performance.now();
        for (let index = 0; index <= SAMPLES; index++) {
          const due = start + (index / SAMPLES) * minutes * 60_000;
          if (due > performance.now()) await delay(due - performance.now());
          samples.push({
            ...(await live.server.ask('memory')),
            minute: (performance.now() - start) / 60_000,
          });
          // A stream that is watched for half an hour leaves as many receipts.
          await load.forget();
        }
        await load.leave();
        const values = {
          resident: samples.map(({ rss, minute }) => ({ x: minute, y: rss / 2 ** 20 })),
          held: samples.map(({ heapUsed, external, minute }) => ({
            x: minute,
            y: (heapUsed + external) / 2 ** 20,
          })),
        };
        const growth = (points: Point[]): number => slope(points.slice(SAMPLES / 2));
        const texts = Object.entries(values).map(
          ([what, points]) => `${what} ${format('megabytes per minute', growth(points))}`,
        );
        progress(`after ${minutes} min: ${texts.join(', ')}`);
        const rows = Object.entries(values).flatMap(([what, points]): Row[] => [
          row(`${what} before`, 'megabytes', points[0]?.y),
          row(`${what} halfway`, 'megabytes', points[SAMPLES / 2]?.y),
          row(`${what} after`, 'megabytes', points.at(-1)?.y),
          row(`${what} growth`, 'megabytes per minute', growth(points)),
        ]);
        return { rows };
        function row(what: string, unit: Row['unit'], value = NaN): Row {
          return { what, unit, summary: 'median', values: { [NAME]: [value] } };
        }
      } finally {
        await load.stop();
      }
    });
  },
};
