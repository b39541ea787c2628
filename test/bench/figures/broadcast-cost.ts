import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { generateMedia } from '../../helpers/media.js';
import type { BenchContext, Figure, Row } from '../figure.js';
import { FFMPEG_HLS } from '../roads/ffmpeg-hls.js';
import { Ffmpeg } from '../roads/recorder/ffmpeg.js';
import { alternate } from '../rounds.js';
import { BROADCAST, broadcastFrames, FrameSource } from '../servers/frame-source.js';
import { BenchServer } from '../servers/livedrop.js';
import { processMemory, processorSeconds, type ProcessMemory } from '../servers/processes.js';
import { format } from '../table.js';

const ROUNDS = 1;

/** Broadcasts that are there before, so that what the first one costs alone is not counted, and those that are measured. */
const BASE = 2;
const MORE = 8;

/** Until the window of a stream is full and its oldest media is given back, seconds. */
const FILL = 20;
/** The same for ffmpeg, which keeps no media. */
const FFMPEG_WARM_UP = 4;
/** Processes of ffmpeg that are measured together. */
const FFMPEGS = 3;

const FOLDER = fileURLToPath(new URL('../../../.cache/bench/broadcast-cost/', import.meta.url));

/** Of one broadcast. */
interface Cost extends ProcessMemory {
  /** Share of a core, 0 to 1. */
  processor: number;
  /** MB on the heap and in buffers, garbage not counted; undefined for ffmpeg. */
  held?: number;
}

/** What a server pays for one broadcast more. */
export const broadcastCost: Figure = {
  name: 'broadcast-cost',
  title: 'One more broadcast of 720p30, 2.5 Mbit/s and Opus, that nobody watches',
  method:
    `Livedrop: a server with ${BASE} broadcasts of frames, and then with ${BASE + MORE}: the difference, of one. The windows are ` +
    `full (${FILL} s). ffmpeg: ${FFMPEGS} processes "${FFMPEG_HLS.join(' ')}", fed the same as WebM in real time, and what is on ` +
    'the disk is not counted. Processor time by /proc/<pid>/stat, children included; memory is what the system would get back (Pss), resident what the ' +
    'usual tools show, where libraries that all share count each time; held is heap and buffers after a garbage collection.',
  goals: [
    { row: 'of a core', roads: ['livedrop'], most: 0.1, isRatio: true },
    { row: 'memory', roads: ['livedrop'], most: 0.1, isRatio: true },
  ],

  async measure({ rounds = ROUNDS, seconds, progress, profiles }) {
    const things = [
      { name: 'livedrop', measure: () => measureLivedrop(seconds, profiles) },
      { name: 'ffmpeg-hls', measure: () => measureFfmpeg(seconds) },
    ];
    const costs = await alternate(rounds, things, async ({ name, measure }, round) => {
      const cost = await measure();
      const texts = [format('percent', cost.processor * 100), format('megabytes', cost.own)];
      progress(`${round + 1}/${rounds} ${name}: ${texts.join(', ')}`);
      return cost;
    });
    const row = (what: string, unit: Row['unit'], value: (cost: Cost) => number): Row => ({
      what,
      unit,
      summary: 'median',
      values: Object.fromEntries(Object.entries(costs).map(([name, of]) => [name, of.map(value)])),
    });
    return {
      baseline: 'ffmpeg-hls',
      rows: [
        row('of a core', 'percent', ({ processor }) => processor * 100),
        row('memory', 'megabytes', ({ own }) => own),
        row('resident', 'megabytes', ({ resident }) => resident),
        row('held', 'megabytes', ({ held }) => held ?? NaN),
      ],
    };
  },
};

async function measureLivedrop(seconds: number, profiles: BenchContext['profiles']): Promise<Cost> {
  const frames = await broadcastFrames();
  const server = await BenchServer.start({ profiles, collectsGarbage: true });
  const sources: FrameSource[] = [];
  const add = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      sources.push(await FrameSource.start(server.socketUrl, `bench-${sources.length}`, frames));
    }
    await delay(FILL * 1000);
  };
  try {
    await add(BASE);
    const before = await measureServer(server, seconds);
    await add(MORE);
    const after = await measureServer(server, seconds);
    for (const source of sources) await source.stop();
    const of = (key: keyof Cost): number => ((after[key] ?? NaN) - (before[key] ?? NaN)) / MORE;
    return { processor: of('processor'), own: of('own'), resident: of('resident'), held: of('held') };
  } finally {
    await server.stop();
  }
}

async function measureServer(server: BenchServer, seconds: number): Promise<Cost> {
  const processor = await processorShare([server.pid], seconds);
  const memory = await processMemory(server.pid);
  const { heapUsed, external } = await server.ask('memory');
  return { processor, ...memory, held: (heapUsed + external) / 2 ** 20 };
}

async function measureFfmpeg(seconds: number): Promise<Cost> {
  const length = FFMPEG_WARM_UP + seconds + 10;
  const media = await generateMedia({
    ...BROADCAST,
    container: 'webm',
    video: 'h264',
    audio: 'opus',
    seconds: length,
  });
  const processes: Ffmpeg[] = [];
  try {
    for (let i = 0; i < FFMPEGS; i++) {
      const folder = join(FOLDER, String(i));
      await mkdir(folder, { recursive: true });
      processes.push(new Ffmpeg([...FFMPEG_HLS, join(folder, 'stream.m3u8')]));
    }
    const stop = new AbortController();
    const feeding = feed(processes, media.chunks, length, stop.signal);
    await delay(FFMPEG_WARM_UP * 1000);
    const pids = processes.map(({ process }) => process.pid ?? NaN);
    const processor = await processorShare(pids, seconds);
    const memory = await Promise.all(pids.map(processMemory));
    stop.abort();
    await feeding;
    const problem = processes.map((process) => process.problem).find(Boolean);
    if (problem) throw new Error(problem);
    const of = (key: keyof ProcessMemory): number =>
      memory.reduce((sum, each) => sum + each[key], 0) / FFMPEGS;
    return { processor: processor / FFMPEGS, own: of('own'), resident: of('resident') };
  } finally {
    await Promise.all(processes.map((process) => process.end()));
    await rm(FOLDER, { recursive: true, force: true });
  }
}

/** Hands out a file as a recorder would, in real time. */
async function feed(
  processes: readonly Ffmpeg[],
  chunks: readonly Uint8Array[],
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  const start = performance.now();
  for (const [index, chunk] of chunks.entries()) {
    const wait = start + (index / chunks.length) * seconds * 1000 - performance.now();
    if (wait > 0) await delay(wait, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    for (const process of processes) process.write(chunk);
  }
}

/** Of a core, 0 to 1 for each. */
async function processorShare(pids: readonly number[], seconds: number): Promise<number> {
  const used = async (): Promise<number> =>
    (await Promise.all(pids.map(processorSeconds))).reduce((sum, value) => sum + value, 0);
  const [before, start] = [await used(), performance.now()];
  await delay(seconds * 1000);
  return ((await used()) - before) / ((performance.now() - start) / 1000);
}
