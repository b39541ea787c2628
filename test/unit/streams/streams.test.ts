import { expect, it } from 'vitest';
import { defaultLimits, defaultPackaging } from '../../../server/options.js';
import { Audience } from '../../../server/streams/audience.js';
import { Refusals } from '../../../server/streams/refusals.js';
import { Streams } from '../../../server/streams/streams.js';
import { makeSamples, videoTrack } from '../../helpers/samples.js';

it('counts the segments that a stream gives up before their time', () => {
  const refusals = new Refusals();
  const givenUp = (windowBytes: number): number => {
    const packaging = { ...defaultPackaging, windowBytes };
    const streams = new Streams(packaging, defaultLimits, new Audience(), undefined, refusals);
    const stream = streams.create('show');
    stream.start([videoTrack]);
    for (const sample of makeSamples({ length: 300 }).filter(({ track }) => track === videoTrack.id))
      stream.push(sample);
    stream.end();
    return refusals.counts.get('windowBytes') ?? 0;
  };
  expect(givenUp(defaultPackaging.windowBytes)).toBe(0);
  expect(givenUp(20_000)).toBeGreaterThan(2);
});
