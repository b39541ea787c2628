import type { Logger } from '../options.js';

/** A longer line is cut: some of ffmpeg's messages quote their input. */
const MAX_LINE_LENGTH = 500;

/** Lines passed on in each interval (ms); damaged media can make ffmpeg say thousands a second. */
const MAX_LINES = 20;
const INTERVAL = 10_000;

/** ffmpeg writes `[component @ 0x…] [level] text` under `-loglevel level+…`. */
const LINE = /^(?:\[[^\]]*\] )*?\[(quiet|panic|fatal|error|warning|info|verbose|debug|trace)\] (.*)$/;
const ERRORS = new Set(['panic', 'fatal', 'error']);

/** Brings what one ffmpeg says on stderr into the log, by lines, with the stream's id, and never without bound. */
export class FfmpegLog {
  /** The last line that told an error. */
  lastError: string | undefined;

  #decoder = new TextDecoder();
  #pending = '';
  #intervalStart = -INTERVAL;
  #lines = 0;
  #dropped = 0;

  constructor(
    private readonly logger: Logger,
    private readonly streamId: string,
    private readonly now: () => number = () => performance.now(),
  ) {}

  push(bytes: Uint8Array): void {
    const lines = (this.#pending + this.#decoder.decode(bytes, { stream: true })).split(/[\r\n]+/);
    this.#pending = (lines.pop() ?? '').slice(0, MAX_LINE_LENGTH);
    for (const line of lines) this.#onLine(line);
  }

  /** Passes on what is left. */
  end(): void {
    this.#onLine(this.#pending);
    this.#pending = '';
    this.#reportDropped();
  }

  #onLine(raw: string): void {
    const line = raw.trim().slice(0, MAX_LINE_LENGTH);
    if (line === '') return;
    const [, level = 'info', text = line] = LINE.exec(line) ?? [];
    const isError = ERRORS.has(level);
    if (isError) this.lastError = text;
    if (!this.#mayPass()) return;
    const fields = { streamId: this.streamId, ffmpegLevel: level };
    if (isError) this.logger.info(fields, text);
    else this.logger.debug(fields, text);
  }

  #mayPass(): boolean {
    const now = this.now();
    if (now - this.#intervalStart >= INTERVAL) {
      this.#reportDropped();
      this.#intervalStart = now;
      this.#lines = 0;
    }
    if (++this.#lines <= MAX_LINES) return true;
    this.#dropped++;
    return false;
  }

  #reportDropped(): void {
    if (this.#dropped === 0) return;
    this.logger.info(
      { streamId: this.streamId, dropped: this.#dropped },
      'more lines of ffmpeg were dropped',
    );
    this.#dropped = 0;
  }
}
