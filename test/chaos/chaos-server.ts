import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../bench/servers/ports.js';
import { CliServer } from '../helpers/cli-server.js';
import { childrenOf } from '../helpers/processes.js';
import type { Span } from './span.js';

/** Between attempts to listen on a port that the system has not given back yet, ms. */
const RETRY = 100;
const ATTEMPTS = 20;

/** The built server at an address that it keeps when it is started again. */
export class ChaosServer {
  private constructor(
    private readonly port: number,
    private readonly args: readonly string[],
    private server: CliServer,
  ) {}

  /** @param args of its command line, without the port */
  static async start(args: readonly string[]): Promise<ChaosServer> {
    const [port] = (await freePorts(1)) as [number];
    return new ChaosServer(port, args, await start(port, args));
  }

  /** Without a slash at the end. */
  get url(): string {
    return this.server.url;
  }

  get socketUrl(): string {
    return this.server.socketUrl;
  }

  get pid(): number {
    return this.server.process.pid!;
  }

  /** What it wrote to its log since it was started last. */
  get output(): string {
    return this.server.output;
  }

  /** Process ids of its ffmpegs. */
  transcoders(): Promise<number[]> {
    return childrenOf(this.pid);
  }

  /** Sends a signal, and waits for nothing. */
  signal(signal: NodeJS.Signals): void {
    this.server.process.kill(signal);
  }

  /** Ends it and starts it again. Resolves when it listens. */
  async restart(signal: NodeJS.Signals): Promise<Span> {
    await this.server.stop(signal);
    const from = Date.now();
    this.server = await start(this.port, this.args);
    return { from, to: Date.now() };
  }

  /** @returns false where it ended by itself */
  async close(): Promise<boolean> {
    const { exitCode, signalCode } = this.server.process;
    await this.server.stop();
    return exitCode === null && signalCode === null;
  }
}

async function start(port: number, args: readonly string[]): Promise<CliServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await CliServer.start(['--port', String(port), ...args]);
    } catch (error) {
      if (attempt === ATTEMPTS || !/EADDRINUSE|in use/.test((error as Error).message)) throw error;
      await delay(RETRY);
    }
  }
}
