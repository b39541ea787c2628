import { expect, it } from 'vitest';
import { Cast } from '../../soak/cast.js';
import { noLosses, probe } from '../../soak/probe.js';

it('sees everything that npm run soak looks at', { timeout: 60_000 }, async () => {
  const cast = await Cast.assemble({ streams: 2, viewers: 20 });
  try {
    const losses = noLosses();
    const startedAt = performance.now();
    await cast.change();
    const { values } = await probe(cast, losses, startedAt);
    expect(losses).toEqual(noLosses());
    for (const [name, value] of Object.entries(values)) {
      if (name === 'openFiles' && process.platform !== 'linux') continue;
      expect(value, name).toBeGreaterThan(0);
    }
    expect(values.transcoders).toBe(1);
    // Half of the viewers, and of the streams' publishers and watchers, at the least.
    expect(values.sockets).toBeGreaterThan(20);
    await cast.leave();
  } finally {
    await cast.dismiss();
  }
});
