import { setTimeout as delay } from 'node:timers/promises';
import { percentile, readClock, type ClockReading } from '../../helpers/clock-camera.js';
import { within } from '../deadline.js';
import type { Figure, Row } from '../figure.js';
import { ALL_ROADS, alternateRoads } from '../rounds.js';
import type { Road } from '../roads/road.js';
import { Stage } from '../stage.js';
import { format } from '../table.js';

const ROUNDS = 1;

/** From a viewer's first frame on, seconds: the player finds its place in the stream. */
const WARM_UP = 5;

/** If a larger share of the frames shows no time, it was not the camera that was seen. */
const MOST_UNREADABLE = 0.05;

const LL_HLS = ['livedrop-200ms', 'livedrop-100ms'];
const INSTANT = ['livedrop-instant'];

/** A player's distance from the live edge depends on what the playlist held when it began. */
interface Run {
  waited: ClockReading;
  joined: ClockReading;
}

/** How old a frame is when a viewer sees it. */
export const glassToGlass: Figure = {
  name: 'glass-to-glass',
  title: 'Frame drawn at the camera → shown to a viewer',
  method:
    'The roads in turn, each on a new stream: first the viewer who waited for it, then one who comes while it is live. ' +
    `The time is read off every frame shown, from ${WARM_UP} s after the viewer's first one on.`,
  goals: ['waited', 'joined'].flatMap((who) => [
    { row: `${who} p50`, roads: LL_HLS, most: 0.5 },
    { row: `${who} p95`, roads: LL_HLS, most: 0.7 },
    { row: `${who} stalls`, roads: LL_HLS, most: 0, by: '--seconds 600' },
    { row: `${who} p50`, roads: INSTANT, most: 0.3 },
    { row: `${who} p95`, roads: INSTANT, most: 0.4 },
  ]),

  async measure({ browser, seconds, rounds = ROUNDS, progress, roads }) {
    const chromium = await browser();
    const measure = async (road: Road, round: number): Promise<Run> => {
      const run = await Stage.with(road, chromium, async (stage) => {
        await stage.goLive();
        const waited = await read(stage, seconds);
        await stage.changeViewer();
        return { waited, joined: await read(stage, seconds) };
      });
      const texts = [`waited ${text(run.waited)}`, `joined ${text(run.joined)}`];
      progress(`${round + 1}/${rounds} ${road.name}: ${texts.join('; ')}`);
      return run;
    };
    const runs = await alternateRoads({ roads, progress }, rounds, ALL_ROADS, measure);
    return {
      baseline: 'ffmpeg-hls',
      rows: [
        ...rowsOf('waited', runs, ({ waited }) => waited, seconds),
        ...rowsOf('joined', runs, ({ joined }) => joined, seconds),
      ],
    };
  },
};

async function read(stage: Stage, seconds: number): Promise<ClockReading> {
  await delay(WARM_UP * 1000);
  const reading = await within(
    seconds + 30,
    'the reading of the clock',
    stage.viewer.evaluate(readClock, { selector: 'video', seconds }),
  );
  const { latencies, unreadable } = reading;
  if (latencies.length === 0 || unreadable > latencies.length * MOST_UNREADABLE) {
    throw stage.failure(`${latencies.length} frames showed a time and ${unreadable} did not`);
  }
  return reading;
}

function rowsOf(
  who: string,
  runs: Record<string, Run[]>,
  readingOf: (run: Run) => ClockReading,
  seconds: number,
): Row[] {
  const row = (
    what: string,
    unit: Row['unit'],
    summary: Row['summary'],
    value: (reading: ClockReading) => number,
  ): Row => ({
    what: `${who} ${what}`,
    unit,
    summary,
    ...(unit === 'per second' && { hidden: true }),
    values: Object.fromEntries(
      Object.entries(runs).map(([road, of]) => [road, of.map((run) => value(readingOf(run)))]),
    ),
  });
  return [
    row('p50', 'seconds', 'median', (reading) => latency(reading, 50)),
    row('p95', 'seconds', 'median', (reading) => latency(reading, 95)),
    row('stalls', 'count', 'sum', ({ stalls }) => stalls),
    row('frames a second', 'per second', 'median', ({ latencies }) => latencies.length / seconds),
  ];
}

function text(reading: ClockReading): string {
  const [p50, p95] = [50, 95].map((p) => format('seconds', latency(reading, p)));
  return `p50 ${p50}, p95 ${p95}, stalls ${reading.stalls}`;
}

/** Seconds. */
function latency({ latencies }: ClockReading, p: number): number {
  return percentile(latencies, p) / 1000;
}
