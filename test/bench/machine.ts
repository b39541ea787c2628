import { execFile } from 'node:child_process';
import { arch, cpus, loadavg, platform, totalmem } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ffmpegPath } from '../helpers/media.js';

const run = promisify(execFile);

/** What the numbers depend on beside the code. */
export interface Machine {
  system: string;
  cores: number;
  processor: string;
  /** GB. */
  memory: number;
  node: string;
  ffmpeg: string;
  /** Of the browser, if one was started. */
  chromium?: string;
  load: Load;
}

/** How busy the machine is. */
export interface Load {
  /** Processes that ran or wanted to, on average over 1, 5 and 15 minutes. Zeros on Windows. */
  average: number[];
  /** Share of all cores' time in use, 0 to 1. */
  busy: number;
}

/** @param load measured before anything was started, so that it is everybody else's */
export async function describeMachine(load: Load): Promise<Machine> {
  const { stdout } = await run(ffmpegPath, ['-hide_banner', '-version'], { timeout: 15_000 });
  const processors = cpus();
  return {
    system: `${platform()} ${arch()}`,
    cores: processors.length,
    processor: processors[0]?.model.trim() ?? 'unknown processor',
    memory: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    ffmpeg: /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? 'unknown version',
    load,
  };
}

/** @param seconds over which `busy` is measured */
export async function measureLoad(seconds = 2): Promise<Load> {
  const before = processorTimes();
  await delay(seconds * 1000);
  const after = processorTimes();
  const total = after.total - before.total;
  return {
    average: loadavg(),
    busy: total > 0 ? 1 - (after.idle - before.idle) / total : 0,
  };
}

/** In words, for people. */
export function machineText(machine: Machine): string {
  const { system, cores, processor, memory, node, ffmpeg, load } = machine;
  return [
    `${cores} cores (${processor}), ${memory} GB, ${system}, Node ${node}, ffmpeg ${ffmpeg}`,
    `Before the start: ${loadText(load)}${isBusy(load) ? '. Others use this machine: all figures are worse than they could be' : ''}`,
  ].join('\n');
}

export function loadText({ average, busy }: Load): string {
  const averages = average.map((value) => value.toFixed(2)).join(' ');
  return `load average ${averages}, ${Math.round(busy * 100)} % of the processor in use`;
}

function isBusy({ busy }: Load): boolean {
  return busy > 0.2;
}

/** Of all cores together, milliseconds. */
function processorTimes(): { idle: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.idle + times.user + times.nice + times.sys + times.irq;
  }
  return { idle, total };
}
