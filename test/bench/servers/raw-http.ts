import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { within } from '../deadline.js';
import { endProcess } from './processes.js';

const PROGRAM = fileURLToPath(new URL('raw-http.mjs', import.meta.url));

export interface RawFile {
  /** Of the request. */
  path: string;
  /** On disk; read once. */
  file: string;
  headers: Record<string, string>;
}

/** A server of a few files in memory: what node:http costs by itself. */
export class RawHttpServer {
  private constructor(
    readonly process: ChildProcess,
    /** Without a slash at the end. */
    readonly url: string,
  ) {}

  static async start(files: readonly RawFile[]): Promise<RawHttpServer> {
    const child = fork(PROGRAM, [JSON.stringify(files)]);
    const [url] = (await within(10, 'the start of node:http', once(child, 'message'))) as [string];
    return new RawHttpServer(child, url);
  }

  get pid(): number {
    return this.process.pid!;
  }

  stop(): Promise<void> {
    return endProcess(this.process);
  }
}
