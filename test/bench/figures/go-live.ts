import type { Figure } from '../figure.js';
import { alternateRoads } from '../rounds.js';
import { Stage } from '../stage.js';
import { format } from '../table.js';

const ROUNDS = 3;

/** How long it takes until a viewer who waits sees anything. */
export const goLive: Figure = {
  name: 'go-live',
  title: 'Go live pressed → first frame at a viewer who waits',
  method:
    'The roads in turn, each on a new stream, 1.5 s after its pages were opened. A first round, in which browser and servers warm up, is not counted.',
  goals: [{ row: 'first frame', roads: ['livedrop-200ms', 'livedrop-100ms', 'livedrop-instant'], most: 0.6 }],

  async measure({ browser, rounds = ROUNDS, progress, roads }) {
    const chromium = await browser();
    const times = await alternateRoads(
      { roads, progress },
      rounds + 1,
      ['livedrop-200ms', 'livedrop-100ms', 'livedrop-instant', 'livedrop-recorder', 'ffmpeg-hls'],
      async (road, round) => {
        const time = await Stage.with(road, chromium, (stage) => stage.goLive());
        const which = round === 0 ? 'warm-up' : `${round}/${rounds}`;
        progress(`${which} ${road.name}: ${format('seconds', time)}`);
        return time;
      },
    );
    const values = Object.fromEntries(Object.entries(times).map(([road, [, ...counted]]) => [road, counted]));
    return {
      baseline: 'ffmpeg-hls',
      rows: [{ what: 'first frame', unit: 'seconds', summary: 'median', values }],
    };
  },
};
