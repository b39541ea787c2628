import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeProgram } from './programs.js';

/** What goes wrong with an ffmpeg, as the lines of a shell script that stands in for it. */
const FAULTS = {
  /** Dies of a signal in the middle of its input. */
  crash: ['head -c 1000 >/dev/null', 'kill -SEGV $$'],
  /** Ends as if all were well, though its input goes on. */
  'exit-0': ['head -c 1000 >/dev/null', 'exit 0'],
  'full-disk': [
    'head -c 1000 >/dev/null',
    "echo '[out#0 @ 0x1] [error] Error writing trailer: No space left on device' >&2",
    'exit 228',
  ],
  /** Takes nothing and gives nothing. */
  hang: ['exec sleep 600'],
  /** Takes everything and gives nothing. */
  mute: ['exec cat >/dev/null'],
  garbage: ['head -c 1000000 /dev/urandom', 'exec cat >/dev/null'],
  /** Gives boxes of 1 MB that nobody asked for, as fast as it can. */
  flood: ["while printf '\\000\\017\\102\\100free' && head -c 999992 /dev/zero; do :; done"],
  /** Says more than anyone wants to know, and gives nothing. */
  'stderr-flood': ["exec yes '[h264 @ 0x1] [error] nonsense' >&2"],
} as const;

export type FfmpegFault = keyof typeof FAULTS | 'missing';

/**
 * A program that is ffmpeg until it is told to be at fault: those started from then on are, until it is told to be well again. Those that run
 * go on; end or stop them by their pid.
 */
export class FaultyFfmpeg {
  private constructor(
    /** To be given to a server as its ffmpeg. */
    readonly path: string,
    private readonly folder: string,
  ) {}

  /**
   * @param folder for its files
   * @param ffmpeg the real one
   */
  static async create(folder: string, ffmpeg: string): Promise<FaultyFfmpeg> {
    const fault = join(folder, 'fault');
    const path = await writeProgram(
      join(folder, 'ffmpeg'),
      `if [ -e '${fault}' ]; then exec /bin/sh '${fault}'; fi`,
      `exec '${ffmpeg}' "$@"`,
    );
    return new FaultyFfmpeg(path, folder);
  }

  async break(fault: FfmpegFault): Promise<void> {
    if (fault === 'missing') await rename(this.path, `${this.path}.gone`);
    else await writeFile(this.#fault, [`echo ${fault} >>'${this.#log}'`, ...FAULTS[fault], ''].join('\n'));
  }

  /** How many were started that were at fault. One that is missing cannot be. */
  async faultyStarts(): Promise<number> {
    const lines = await readFile(this.#log, 'utf8').catch(orMissing(''));
    return lines.split('\n').length - 1;
  }

  async mend(): Promise<void> {
    await rm(this.#fault, { force: true });
    await rename(`${this.path}.gone`, this.path).catch(orMissing(undefined));
  }

  get #fault(): string {
    return join(this.folder, 'fault');
  }

  get #log(): string {
    return join(this.folder, 'faulty-starts');
  }
}

/** There may be no such file. @throws what else is wrong */
function orMissing<T>(value: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code !== 'ENOENT') throw error;
    return value;
  };
}
