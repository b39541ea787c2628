import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../dist/server/node/cli.js', import.meta.url));

/** The built server as its users run it, in a process of its own. */
export class CliServer {
  private constructor(
    readonly process: ChildProcess,
    /** Without a slash at the end. */
    readonly url: string,
    private readonly log: string[],
  ) {}

  /** Starts it on a free port and waits until it says where it listens. */
  static async start(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<CliServer> {
    const child = spawn(process.execPath, [CLI, '--port', '0', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const log: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /(https?:\S+)\/demo\/broadcast\.html/.exec(line)?.[1];
      if (!url) continue;
      child.stdout.resume();
      return new CliServer(child, url, log);
    }
    throw new Error(`the server ended before it listened:\n${log.join('\n')}`);
  }

  get socketUrl(): string {
    return `${this.url.replace(/^http/, 'ws')}/livestream/ws`;
  }

  /** What it wrote to its log so far. */
  get output(): string {
    return this.log.join('\n');
  }

  /** Ends it and resolves with its exit code, or the signal that ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill(signal);
      await once(this.process, 'exit');
    }
    return this.process.exitCode ?? this.process.signalCode;
  }
}
