import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Of the kernel's `USER_HZ`, which is 100 on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;

/** Seconds that a process is given to end by itself. */
const GRACE = 5;

/** Ends a process that the bench started, and waits until it is gone. */
export async function endProcess(child: ChildProcess): Promise<void> {
  const isGone = (): boolean =>
    child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  if (isGone()) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([gone, delay(GRACE * 1000, undefined, { ref: false })]);
  if (isGone()) return;
  child.kill('SIGKILL');
  await gone;
}

/** Processor time that a process and those it started have used, of those that live, seconds. */
export async function processorSeconds(pid: number): Promise<number> {
  const times = (await tree(pid)).map(async (each) => {
    const stat = await read(each, 'stat');
    // The command's name, in parentheses, may have spaces: `utime` and `stime` are counted from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
  });
  return sum(await Promise.all(times));
}

/** MB. */
export interface ProcessMemory {
  /** What would be given back if it ended: code that others use too counts in shares (Pss). */
  own: number;
  /** What the usual tools show (Rss). */
  resident: number;
}

/** Memory of a process and of those it started, by /proc/<pid>/smaps_rollup. */
export async function processMemory(pid: number): Promise<ProcessMemory> {
  const texts = await Promise.all((await tree(pid)).map((each) => read(each, 'smaps_rollup')));
  const megabytes = (pattern: RegExp): number =>
    sum(texts.map((text) => Number(pattern.exec(text)?.[1]) / 1024));
  return { own: megabytes(/^Pss:\s+(\d+) kB/m), resident: megabytes(/^Rss:\s+(\d+) kB/m) };
}

async function tree(pid: number): Promise<number[]> {
  const children: number[] = [];
  for (const task of await readdir(`/proc/${pid}/task`).catch(noProc)) {
    const text = await read(pid, `task/${task}/children`).catch(() => '');
    children.push(...text.split(' ').filter(Boolean).map(Number));
  }
  return [pid, ...(await Promise.all(children.map(tree))).flat()];
}

function read(pid: number, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, 'utf8');
}

function noProc(cause: unknown): never {
  throw new Error('What processes use is read from /proc: this figure needs Linux.', { cause });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
