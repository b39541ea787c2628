import { expect, it } from 'vitest';
import { Cast } from '../../soak/cast.js';
import { courseOf, type MeasureName, type Sample } from '../../soak/measures.js';
import { noLosses, probe } from '../../soak/probe.js';

/** Between two of them viewers leave and come: what one of them left behind each time would be seen. */
const LOOKS = 5;

/** What stays as it is from the beginning, and what streams hold; delays take a longer run to tell. */
const COUNTED: MeasureName[] = ['openFiles', 'sockets', 'handles', 'transcoders', 'held'];

it('sees everything that npm run soak looks at, and nothing that grows', { timeout: 60_000 }, async () => {
  const cast = await Cast.assemble({ streams: 2, viewers: 20 });
  try {
    const losses = noLosses();
    const startedAt = performance.now();
    const samples: Sample[] = [];
    for (let look = 0; look < LOOKS; look++) {
      await cast.change();
      samples.push(await probe(cast, losses, startedAt));
    }
    const { values } = samples.at(-1)!;
    expect(losses).toEqual(noLosses());
    for (const [name, value] of Object.entries(values)) {
      if (name === 'openFiles' && process.platform !== 'linux') continue;
      expect(value, name).toBeGreaterThan(0);
    }
    expect(values.transcoders).toBe(1);
    // Half of the viewers, and of the streams' publishers and watchers, at the least.
    expect(values.sockets).toBeGreaterThan(20);
    const courses = COUNTED.map((name) => courseOf(name, samples));
    expect(courses.filter(({ isFlat }) => !isFlat)).toEqual([]);
    await cast.leave();
  } finally {
    await cast.dismiss();
  }
});
