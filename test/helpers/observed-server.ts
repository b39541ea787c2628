import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Limits, PackagingOptions } from '../../server/options.js';
import { childrenOf } from './processes.js';

const PROGRAM = fileURLToPath(new URL('../fixtures/observed-server.mjs', import.meta.url));

/** What a server's process holds, garbage collected. */
export interface Observation {
  /** JavaScript's heap and the buffers beside it, bytes. */
  memory: number;
  /** Handles and requests that keep the process alive, by their type's name. */
  resources: string[];
  /** File descriptors; 0 where the system does not tell. */
  openFiles: number;
  /** Process ids. */
  children: number[];
  /** In its working folder and its folder for temporary files. */
  files: string[];
}

/** The built server in a process of its own, with any limits, that can be looked into. */
export class ObservedServer {
  private constructor(
    readonly process: ChildProcess,
    /** Without a slash at the end. */
    readonly url: string,
    private readonly folder: string,
  ) {}

  /** @param options more of `serve`'s, as far as they can be written as JSON */
  static async start(
    limits: Partial<Limits> = {},
    packaging: Partial<PackagingOptions> = {},
    options: object = {},
  ): Promise<ObservedServer> {
    const folder = await mkdtemp(join(tmpdir(), 'livedrop-observed-'));
    const child = fork(PROGRAM, [JSON.stringify({ ...options, limits, packaging })], {
      cwd: folder,
      env: { ...process.env, TMPDIR: folder },
      execArgv: ['--expose-gc'],
    });
    const [url] = (await once(child, 'message')) as [string];
    return new ObservedServer(child, url, folder);
  }

  get socketUrl(): string {
    return `${this.url.replace(/^http/, 'ws')}/livestream/ws`;
  }

  async observe(): Promise<Observation> {
    this.process.send('observe');
    const [observation] = (await once(this.process, 'message')) as [Observation];
    const [children, files] = await Promise.all([childrenOf(this.process.pid!), readdir(this.folder)]);
    return { ...observation, children, files };
  }

  /** Closes the server; resolves with its exit code when nothing keeps the process alive any more. */
  async close(): Promise<number | null> {
    if (this.process.connected) this.process.send('close');
    if (this.process.exitCode === null) await once(this.process, 'exit');
    await rm(this.folder, { recursive: true, force: true });
    return this.process.exitCode;
  }
}
