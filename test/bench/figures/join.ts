import { setTimeout as delay } from 'node:timers/promises';
import type { Figure } from '../figure.js';
import { alternateRoads } from '../rounds.js';
import { median } from '../statistics.js';
import { Stage } from '../stage.js';
import { format } from '../table.js';

const ROUNDS = 1;

/** Viewers who come in one round; one more comes before, and is not counted. */
const VIEWERS = 5;

/** Of the stream before the first comes, seconds: HLS of whole segments has three to offer then. */
const AGE = 8;

/** How long it takes until a viewer of a stream that is live sees anything. */
export const join: Figure = {
  name: 'join',
  title: 'Player inserted → first frame, of a stream that is live',
  method:
    `The roads in turn, each on a new stream that is ${AGE} s old. ${VIEWERS} viewers come one after the other, each on a new ` +
    'page with the scripts loaded; the player is inserted then.',
  goals: [
    { row: 'first frame', roads: ['livedrop-200ms', 'livedrop-100ms'], most: 0.4 },
    { row: 'first frame', roads: ['livedrop-instant'], most: 0.15 },
  ],

  async measure({ browser, rounds = ROUNDS, progress, roads }) {
    const chromium = await browser();
    const times = await alternateRoads(
      { roads, progress },
      rounds,
      ['livedrop-200ms', 'livedrop-100ms', 'livedrop-instant', 'nginx-rtmp'],
      async (road, round) => {
        const joins = await Stage.with(road, chromium, async (stage) => {
          await stage.goLive();
          await stage.dismissViewer();
          await delay(AGE * 1000);
          await stage.join();
          const each: number[] = [];
          for (let viewer = 0; viewer < VIEWERS; viewer++) each.push(await stage.join());
          return each;
        });
        const texts = joins.map((time) => format('seconds', time));
        progress(`${round + 1}/${rounds} ${road.name}: ${texts.join(', ')}`);
        return joins;
      },
    );
    const of = (value: (joins: number[]) => number): Record<string, number[]> =>
      Object.fromEntries(Object.entries(times).map(([road, each]) => [road, each.map(value)]));
    return {
      baseline: 'nginx-rtmp',
      rows: [
        { what: 'first frame', unit: 'seconds', summary: 'median', values: of(median) },
        { what: 'slowest', unit: 'seconds', summary: 'median', values: of((joins) => Math.max(...joins)) },
      ],
    };
  },
};
