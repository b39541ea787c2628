import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface Process {
  pid: number;
  parent: number;
  /** `Z…`: it has ended, and nobody has waited for it yet. */
  state: string;
  command: string;
}

async function processes(): Promise<Process[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,stat=,comm=']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [pid, parent, state = '', ...command] = line.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), state, command: command.join(' ') };
    });
}

/** The processes that a process has started and that were not waited for yet. */
export async function childrenOf(parent: number): Promise<number[]> {
  const children = (await processes()).filter(
    (process) => process.parent === parent && process.command !== 'ps',
  );
  return children.map(({ pid }) => pid);
}

/** Those of some processes that have not ended. */
export async function runningOf(pids: readonly number[]): Promise<number[]> {
  const running = (await processes()).filter(
    ({ pid, state }) => pids.includes(pid) && !state.startsWith('Z'),
  );
  return running.map(({ pid }) => pid);
}
