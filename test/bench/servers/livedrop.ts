import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Limits, PackagingOptions } from '../../../server/options.js';
import { within } from '../deadline.js';
import { endProcess } from './processes.js';

const PROGRAM = fileURLToPath(new URL('livedrop.mjs', import.meta.url));

export interface BenchServerOptions {
  packaging?: Partial<PackagingOptions>;
  limits?: Partial<Limits>;
  /** Remember when each part was published. */
  recordParts?: boolean;
  /** Folder for a processor profile, which is written when the server ends. */
  profiles?: string | undefined;
  /** Collect garbage before memory is measured, so that only what is held counts. */
  collectsGarbage?: boolean;
}

/** Bytes. */
export interface Memory {
  rss: number;
  heapUsed: number;
  /** Buffers beside the heap. */
  external: number;
}

/** When a part was there for viewers, milliseconds since the epoch. */
export interface PublishedPart {
  number: number;
  /** `baseMediaDecodeTime` of its first track. */
  decodeTime: number;
  at: number;
}

interface Answers {
  memory: Memory;
  published: PublishedPart[];
  /** Handles and requests that keep the process alive, by their type's name. */
  resources: Record<string, number>;
}

/** The built server in a process of its own, that can be asked. */
export class BenchServer {
  #questions = 0;

  private constructor(
    readonly process: ChildProcess,
    /** Without a slash at the end. */
    readonly url: string,
  ) {}

  static async start({
    profiles,
    collectsGarbage,
    ...options
  }: BenchServerOptions = {}): Promise<BenchServer> {
    if (profiles) await mkdir(profiles, { recursive: true });
    const child = fork(PROGRAM, [JSON.stringify(options)], {
      execArgv: [
        ...(profiles ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : []),
        ...(collectsGarbage ? ['--expose-gc'] : []),
      ],
      // A server that was started alone has this; npm's own variables are not the server's business.
      env: { ...process.env, NODE_ENV: 'production' },
    });
    const ended = once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`it ended with ${String(code)}`)),
    );
    ended.catch(() => {});
    const [{ url }] = (await within(
      30,
      'the start of the server',
      Promise.race([once(child, 'message'), ended]),
    )) as [{ url: string }];
    return new BenchServer(child, url);
  }

  get pid(): number {
    return this.process.pid!;
  }

  get socketUrl(): string {
    return `${this.url.replace(/^http/, 'ws')}/livestream/ws`;
  }

  async ask<Question extends keyof Answers>(question: Question): Promise<Answers[Question]> {
    const id = ++this.#questions;
    const answer = new Promise<Answers[Question]>((resolve) => {
      const listener = (message: { id: number; answer: Answers[Question] }): void => {
        if (message.id !== id) return;
        this.process.off('message', listener);
        resolve(message.answer);
      };
      this.process.on('message', listener);
    });
    this.process.send({ id, question });
    return within(30, `the server's answer about ${question}`, answer);
  }

  async stop(): Promise<void> {
    await endProcess(this.process);
  }
}
