import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { ffmpegPath } from '../../../helpers/media.js';

/** Seconds that ffmpeg is given to write the end of a stream. */
const GRACE = 3;

/** One ffmpeg that reads a container from its standard input. */
export class Ffmpeg {
  readonly process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #problem = '';
  #isEnding = false;

  /** @param output what follows the input: codecs, format, address */
  constructor(output: readonly string[]) {
    const quiet = ['-hide_banner', '-nostats', '-loglevel', 'error'];
    this.process = spawn(ffmpegPath, [...quiet, '-i', 'pipe:0', ...output], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    this.#ended = once(this.process, 'exit').catch(() => {});
    this.process.once('error', (error) => (this.#problem += error.message));
    this.process.stderr?.on('data', (text) => (this.#problem += String(text)));
    this.process.stdin?.on('error', (error) => {
      if (!this.#isEnding) this.#problem += `it takes no more data: ${error.message}`;
    });
  }

  /** What it complained about; empty if it did not. */
  get problem(): string {
    return this.#problem && `ffmpeg: ${this.#problem.trim()}`;
  }

  write(bytes: Uint8Array): void {
    this.process.stdin?.write(bytes);
  }

  /** No data follows. Resolves when the process is gone. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.process.stdin?.end();
    await Promise.race([this.#ended, delay(GRACE * 1000, undefined, { ref: false })]);
    this.process.kill('SIGKILL');
    await this.#ended;
  }
}
