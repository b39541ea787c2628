import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { within } from '../deadline.js';
import { endProcess } from '../servers/processes.js';
import type { Audience, LoadAnswers, LoadRequest, Received } from './requests.js';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const RUNNER = path('../../../.scripts/run-typescript.mjs');

/** Longest that anything may take beside the seconds that were asked for. */
const PATIENCE = 60;

/** Viewers and clients in a process of its own, so that what they cost is not the server's. */
export class LoadGenerator {
  private constructor(private readonly process: ChildProcess) {}

  static async start(): Promise<LoadGenerator> {
    const child = fork(RUNNER, [path('program.ts')]);
    await within(30, 'the start of the load generator', once(child, 'message'));
    return new LoadGenerator(child);
  }

  get pid(): number {
    return this.process.pid ?? NaN;
  }

  /** Viewers come and stay. Resolves when each has had its first part, and what they had until then is forgotten. */
  async watch(audience: Audience): Promise<void> {
    await this.#request({ kind: 'watch', audience });
    await this.forget();
  }

  /** What the viewers had until now does not count. */
  async forget(): Promise<void> {
    await this.#request({ kind: 'forget' });
  }

  /** All viewers leave. @throws Error if one did not get through */
  async leave(): Promise<Received> {
    const received = await this.#request({ kind: 'leave' });
    if (received.failures > 0) {
      throw new Error(`${received.failures} viewers saw no more; the first: ${received.failure}`);
    }
    return received;
  }

  /** Asks for one path again and again. Returns how many answers came. */
  ask(url: string, path: string, seconds: number, connections = 16): Promise<number> {
    return this.#request({ kind: 'ask', url, path, connections, seconds }, seconds + PATIENCE);
  }

  stop(): Promise<void> {
    return endProcess(this.process);
  }

  async #request<Kind extends LoadRequest['kind']>(
    request: LoadRequest & { kind: Kind },
    patience = PATIENCE,
  ): Promise<LoadAnswers[Kind]> {
    const answered = once(this.process, 'message');
    this.process.send(request);
    const [{ answer, error }] = (await within(
      patience,
      `the load generator's '${request.kind}'`,
      answered,
    )) as [{ answer: LoadAnswers[Kind]; error?: string }];
    if (error !== undefined) throw new Error(error);
    return answer;
  }
}
