import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ServerClock } from '../../server/streams/server-clock.js';
import { Streams } from '../../server/streams/streams.js';
import { Audience } from '../../server/streams/audience.js';
import { defaultLimits, defaultPackaging } from '../../server/options.js';
import { withBystander, BYSTANDER } from '../fuzz/bystander.js';

const HOUR = 3_600_000;
const START = Date.parse('2030-01-01T00:00:00Z');

// The machine's clock alone: what else there is of time goes on.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: START }));
afterEach(() => void vi.useRealTimers());

describe.each([HOUR, -HOUR])('a machine whose clock is set by %i ms', (jump) => {
  it('dates streams, and tells clients the time, as if it had not been', async () => {
    await withBystander({}, async (world, bystander) => {
      const client = await world.connect();
      const ask = async (): Promise<number> => {
        client.send(JSON.stringify({ type: 'clock', sent: 1 }));
        await client.settled();
        return client.all('clock').at(-1)!.time;
      };
      const before = await ask();
      vi.setSystemTime(START + jump);
      for (let round = 0; round < 10; round++) {
        bystander.send(80);
        await bystander.check();
      }
      expect(Math.abs((await ask()) - before)).toBeLessThan(60_000);
      const playlist = await world.text(`/livestream/${BYSTANDER}/stream.m3u8`);
      const media = await world.text(`/livestream/${BYSTANDER}/${playlist.trim().split('\n').at(-1)}`);
      const dates = [...media.matchAll(/PROGRAM-DATE-TIME:(\S+)/g)].map(([, date]) => Date.parse(date!));
      expect(dates.length).toBeGreaterThan(5);
      for (const date of dates) expect(Math.abs(date - START)).toBeLessThan(60_000);
      expect(media).not.toContain('#EXT-X-DISCONTINUITY\n');
    });
  });

  it('is believed again when no stream is live', () => {
    const streams = new Streams(defaultPackaging, defaultLimits, new Audience());
    const stream = streams.create('one');
    vi.setSystemTime(START + jump);
    streams.create('two').end();
    expect(Math.abs(streams.clock.now() - START)).toBeLessThan(60_000);
    stream.end();
    streams.create('three').end();
    expect(Math.abs(streams.clock.now() - START - jump)).toBeLessThan(60_000);
    streams.close();
  });
});

it('a clock that drifts is not followed by leaps', () => {
  let wall = START;
  const clock = new ServerClock(
    () => wall,
    () => 0,
  );
  wall += 900;
  clock.adjust();
  expect(clock.now()).toBe(START);
  wall += 200;
  clock.adjust();
  expect(clock.now()).toBe(START + 1100);
});
