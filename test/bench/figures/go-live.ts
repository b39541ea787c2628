import type { Figure } from '../figure.js';
import { alternate } from '../rounds.js';
import { Stage } from '../stage.js';
import { format } from '../table.js';

const ROUNDS = 3;

/** How long it takes until a viewer who waits sees anything. */
export const goLive: Figure = {
  name: 'go-live',
  title: 'Go live pressed → first frame at a viewer who waits',
  method:
    'The roads in turn, each on a new stream. A first round, in which browser and servers warm up, is not counted.',

  async measure({ browser, rounds = ROUNDS, progress }) {
    const times = await alternate(rounds + 1, async (road, round) => {
      const time = await Stage.with(road, browser, (stage) => stage.goLive());
      progress(`${round === 0 ? 'warm-up' : `${round}/${rounds}`} ${road.name}: ${format('seconds', time)}`);
      return time;
    });
    const values = Object.fromEntries(Object.entries(times).map(([road, [, ...counted]]) => [road, counted]));
    return { rows: [{ what: 'first frame', unit: 'seconds', summary: 'median', values }] };
  },
};
