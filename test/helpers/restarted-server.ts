import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { within } from '../bench/deadline.js';
import { freePorts } from '../bench/servers/ports.js';
import { CliServer } from './cli-server.js';
import { childrenOf } from './processes.js';

/** Between attempts to listen on a port that the system has not given back yet, ms. */
const RETRY = 100;
const ATTEMPTS = 20;

/** Until it listens, seconds. */
const START = 30;

/** Until it has ended that was told to, seconds. */
const END = 8;

export interface Restart {
  /** The exit code, or the signal, of the process before. */
  code: number | NodeJS.Signals | null;
  /** While there was none, milliseconds since the epoch. */
  from: number;
  to: number;
}

/** The built server on a port, and with a data directory, that it keeps when it is started again. */
export class RestartedServer {
  private constructor(
    private current: CliServer,
    private readonly args: readonly string[],
    private readonly env: NodeJS.ProcessEnv,
    /** Of its own, where it was given none. */
    private readonly folder: string | undefined,
  ) {}

  /**
   * @param args of its command line, without the port. Without `--data` it has a folder of its own
   * @param env beside what this process has
   */
  static async start(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<RestartedServer> {
    const [port = 0] = await freePorts(1);
    const folder = args.includes('--data') ? undefined : await mkdtemp(join(tmpdir(), 'livedrop-restarted-'));
    const data = folder === undefined ? [] : ['--data', join(folder, 'data')];
    const all = ['--port', String(port), ...data, ...args];
    return new RestartedServer(await start(all, env), all, env, folder);
  }

  /** Without a slash at the end. */
  get url(): string {
    return this.current.url;
  }

  get socketUrl(): string {
    return this.current.socketUrl;
  }

  /** What the process that runs now wrote to its log. */
  get output(): string {
    return this.current.output;
  }

  /** Whether it ended by itself. */
  get hasEnded(): boolean {
    const { exitCode, signalCode } = this.current.process;
    return exitCode !== null || signalCode !== null;
  }

  /** Process ids of its ffmpegs. */
  transcoders(): Promise<number[]> {
    return childrenOf(this.current.process.pid!);
  }

  /** Sends a signal, and waits for nothing. */
  signal(signal: NodeJS.Signals): void {
    this.current.process.kill(signal);
  }

  /** Ends it and starts it again. Resolves when it listens. */
  async restart(signal: NodeJS.Signals): Promise<Restart> {
    const code = await this.current.stop(signal);
    const from = Date.now();
    this.current = await start(this.args, this.env);
    return { code, from, to: Date.now() };
  }

  /** @throws Error when it has to be killed */
  async stop(): Promise<void> {
    try {
      await within(END, 'the end of the server', this.current.stop());
    } finally {
      await this.current.stop('SIGKILL');
      if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true });
    }
  }
}

async function start(args: readonly string[], env: NodeJS.ProcessEnv): Promise<CliServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await within(START, 'the start of the server', CliServer.start(args, env));
    } catch (error) {
      if (attempt === ATTEMPTS || !/EADDRINUSE|in use/.test((error as Error).message)) throw error;
      await delay(RETRY);
    }
  }
}
