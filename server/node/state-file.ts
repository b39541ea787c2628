import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../options.js';
import type { StreamState, StreamStateStore } from '../streams/stream-state.js';
import { replaceFile } from './replace-file.js';

const VERSION = 1;

interface Content {
  version: typeof VERSION;
  streams: unknown[];
}

/**
 * Keeps the states of a process's streams in one small file, which is replaced as a whole: whoever reads it finds an older or a
 * newer one, never half of one. However many streams there are, one write follows the other.
 */
export class StateFile implements StreamStateStore {
  readonly found: readonly unknown[];
  #states = new Map<string, unknown>();
  /** The write that will hold what is there now, while it has not begun. */
  #next: Promise<void> | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly path: string,
    found: readonly unknown[],
  ) {
    this.found = found;
    for (const state of found) {
      const { streamId } = (state ?? {}) as { streamId?: unknown };
      if (typeof streamId === 'string') this.#states.set(streamId, state);
    }
  }

  /** Reads what is there. A file that is missing, or broken, holds no streams. */
  static async open(path: string, logger?: Logger): Promise<StateFile> {
    return new StateFile(path, await read(path, logger));
  }

  save(state: StreamState): Promise<void> {
    this.#states.set(state.streamId, state);
    return this.#write();
  }

  async delete(streamId: string): Promise<void> {
    if (this.#states.delete(streamId)) await this.#write();
  }

  #write(): Promise<void> {
    return (this.#next ??= this.#writeNext());
  }

  async #writeNext(): Promise<void> {
    // What the write before comes to is told to those who asked for it.
    await this.#writing.catch(() => {});
    this.#next = undefined;
    await (this.#writing = this.#replace());
  }

  async #replace(): Promise<void> {
    const content: Content = { version: VERSION, streams: [...this.#states.values()] };
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    await replaceFile(this.path, JSON.stringify(content));
  }
}

async function read(path: string, logger: Logger | undefined): Promise<unknown[]> {
  try {
    const content = JSON.parse(await readFile(path, 'utf8')) as Partial<Content> | null;
    if (content?.version === VERSION && Array.isArray(content.streams)) return content.streams;
    throw new Error(`${path} is not of version ${VERSION}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      logger?.warn(
        { path, err: error },
        'the streams of the process before cannot be read: none of them goes on',
      );
    }
    return [];
  }
}
