import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import {
  TranscoderUnavailable,
  type Transcoder,
  type TranscoderEvents,
  type TranscoderFactory,
  type TranscoderInput,
} from '../ingest/transcoder.js';
import { silentLogger, type Logger } from '../options.js';
import { ffmpegArguments, type EncodingOptions } from './ffmpeg-arguments.js';
import { FfmpegLog } from './ffmpeg-log.js';

/** Options of {@link ffmpegTranscoder}. */
export interface FfmpegTranscoderOptions extends EncodingOptions {
  /** The ffmpeg to run, see `findFfmpeg()`. */
  path: string;
  /** Gets what ffmpeg says, with the stream's id: errors as `info`, the rest as `debug`. Default: nowhere. */
  logger?: Logger;
  /** Bytes that may wait for ffmpeg before `write` says stop. Default 1 MiB. */
  maxBufferedBytes?: number;
}

/** Transcodes with one ffmpeg process a stream, run without a shell. */
export function ffmpegTranscoder(options: FfmpegTranscoderOptions): TranscoderFactory {
  return { start: (input, events) => new FfmpegTranscoder(input, events, options) };
}

type Ffmpeg = ChildProcessByStdio<Writable, Readable, Readable>;

class FfmpegTranscoder implements Transcoder {
  readonly #events: TranscoderEvents;
  readonly #log: FfmpegLog;
  readonly #maxBufferedBytes: number;
  readonly #process: Ffmpeg | undefined;

  #ended = false;
  #gone = false;
  #waiting: (() => void)[] = [];

  constructor(input: TranscoderInput, events: TranscoderEvents, options: FfmpegTranscoderOptions) {
    this.#events = events;
    this.#log = new FfmpegLog(options.logger ?? silentLogger, input.streamId);
    this.#maxBufferedBytes = options.maxBufferedBytes ?? 1024 * 1024;
    try {
      this.#process = this.#start(options.path, ffmpegArguments(input, options));
    } catch (error) {
      const failure = startFailure(options.path, error);
      queueMicrotask(() => this.#finish(failure));
    }
  }

  write(bytes: Uint8Array): boolean {
    if (this.#gone || this.#ended || !this.#process) return true;
    this.#process.stdin.write(bytes);
    return this.#process.stdin.writableLength <= this.#maxBufferedBytes;
  }

  drained(): Promise<void> {
    if (this.#gone || !this.#process?.stdin.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#process?.stdin.end();
  }

  kill(): void {
    if (!this.#gone) this.#process?.kill('SIGKILL');
  }

  #start(path: string, args: string[]): Ffmpeg | undefined {
    const ffmpeg = spawn(path, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
      // Out of the terminal's process group, or Ctrl+C would end it before the server has ended the stream. When the server
      // is killed, ffmpeg ends by the end of its stdin.
      detached: process.platform !== 'win32',
    });
    // 'close' and not 'exit': output is still in the pipe when a process exits.
    ffmpeg.on('close', (code, signal) => this.#finish(this.#exitFailure(code, signal)));
    ffmpeg.on('error', (error) => this.#finish(startFailure(path, error)));
    // Out of file descriptors, spawn gives no pipes and reports the error by its event.
    if (!(ffmpeg.stdin as Writable | undefined)) return undefined;
    ffmpeg.stdin.on('drain', () => this.#release());
    // It closes its stdin when it exits; what that means is said by 'close'.
    ffmpeg.stdin.on('error', () => this.#release());
    ffmpeg.stdout.on('data', (bytes: Buffer) => this.#events.onOutput(bytes));
    ffmpeg.stderr.on('data', (bytes: Buffer) => this.#log.push(bytes));
    return ffmpeg;
  }

  #exitFailure(code: number | null, signal: NodeJS.Signals | null): Error | undefined {
    if (this.#ended && code === 0) return undefined;
    const how = signal ? `was ended by ${signal}` : `exited with code ${code}`;
    const lastWords = this.#log.lastError ? `: ${this.#log.lastError}` : '';
    const message = `ffmpeg ${how}${this.#ended ? '' : ' before the stream ended'}${lastWords}`;
    // Who is out of memory is ended by a signal; so is one that crashes, which a second try finds out.
    return signal ? new TranscoderUnavailable(message) : new Error(message);
  }

  #finish(error?: Error): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#log.end();
    this.#release();
    this.#events.onExit(error);
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function startFailure(path: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TranscoderUnavailable(`ffmpeg '${path}' could not be started: ${reason}`, { cause });
}
