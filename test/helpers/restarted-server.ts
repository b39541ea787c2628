import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliServer } from './cli-server.js';

/** The built server on a port, and with a data directory, that it keeps when it is started again. */
export class RestartedServer {
  private constructor(
    private current: CliServer,
    private readonly args: readonly string[],
    private readonly folder: string,
  ) {}

  static async start(): Promise<RestartedServer> {
    const folder = await mkdtemp(join(tmpdir(), 'livedrop-restarted-'));
    const args = ['--port', String(await freePort()), '--data', join(folder, 'data')];
    return new RestartedServer(await CliServer.start(args), args, folder);
  }

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

  /** Ends it and starts it again. Resolves when it listens; with the exit code, or the signal, of the one before. */
  async restart(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    const code = await this.current.stop(signal);
    this.current = await CliServer.start(this.args);
    return code;
  }

  async stop(): Promise<void> {
    await this.current.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** One that nobody listened on a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
