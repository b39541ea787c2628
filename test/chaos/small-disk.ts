import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Enough for streams' states, little enough to be filled at once. */
const SIZE = 256 * 1024;

/** A folder that may be on a file system of its own, so small that it can be filled. */
export class SmallDisk {
  private constructor(
    readonly path: string,
    /** Why it is a folder like any other; undefined where it is not. */
    readonly missing: string | undefined,
  ) {}

  static async create(path: string): Promise<SmallDisk> {
    await mkdir(path, { recursive: true });
    if (process.platform !== 'linux' || process.getuid?.() !== 0) {
      return new SmallDisk(path, 'only root on Linux can make a small disk');
    }
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'livedrop-chaos', path]);
      return new SmallDisk(path, undefined);
    } catch (error) {
      return new SmallDisk(path, `no small disk: ${(error as Error).message.trim().split('\n').at(-1)}`);
    }
  }

  /** Not a byte is left. */
  async fill(): Promise<void> {
    try {
      await writeFile(this.#filler, Buffer.alloc(SIZE));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  async empty(): Promise<void> {
    await rm(this.#filler, { force: true });
  }

  async remove(): Promise<void> {
    // Lazily: whoever still has a file open does not keep it.
    if (this.missing === undefined) await run('umount', ['--lazy', this.path]);
    await rm(this.path, { recursive: true, force: true });
  }

  get #filler(): string {
    return join(this.path, 'filler');
  }
}
