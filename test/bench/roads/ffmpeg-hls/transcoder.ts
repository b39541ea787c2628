import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ffmpegPath } from '../../../helpers/media.js';

/** As the manuals have it: nothing tuned. */
export const ARGUMENTS = ['-i', 'pipe:0', '-c:v', 'copy', '-c:a', 'aac', '-f', 'hls', '-hls_time', '2'];

/** Seconds that ffmpeg is given to write the end of a stream. */
const GRACE = 3;

/** One `ffmpeg -f hls`, from a container on stdin to a playlist and segments in a folder. */
export class Transcoder {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #problem = '';
  #isEnding = false;

  /** @param folder exists and is empty; it gets a `stream.m3u8` */
  constructor(folder: string) {
    const quiet = ['-hide_banner', '-nostats', '-loglevel', 'error'];
    this.#process = spawn(ffmpegPath, [...quiet, ...ARGUMENTS, join(folder, 'stream.m3u8')], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    this.#ended = once(this.#process, 'exit').catch(() => {});
    this.#process.once('error', (error) => (this.#problem += error.message));
    this.#process.stderr?.on('data', (text) => (this.#problem += String(text)));
    this.#process.stdin?.on('error', (error) => {
      if (!this.#isEnding) this.#problem += `it takes no more data: ${error.message}`;
    });
  }

  /** What it complained about; empty if it did not. */
  get problem(): string {
    return this.#problem && `ffmpeg: ${this.#problem.trim()}`;
  }

  write(bytes: Uint8Array): void {
    this.#process.stdin?.write(bytes);
  }

  /** No data follows. Resolves when the process is gone. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#process.stdin?.end();
    await Promise.race([this.#ended, delay(GRACE * 1000, undefined, { ref: false })]);
    this.#process.kill('SIGKILL');
    await this.#ended;
  }
}
