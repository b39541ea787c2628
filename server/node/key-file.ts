import { watchFile, unwatchFile } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KeyStore, KeyStoreState } from '../index.js';

const FILE = 'stream-keys.json';
const VERSION = 1;

/** For the user that the server runs as, and nobody else. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** How soon the change of another process is noticed, milliseconds; a start of a stream looks for itself. */
const POLL_INTERVAL = 500;

/** A change takes a moment. A lock that is older was left by a process that is gone, milliseconds. */
const LOCK_WAIT = 20;
const STALE_LOCK = 5000;

/**
 * Stream keys in a file, which the server and the command line share: what one writes the other sees. It is written beside
 * and renamed, so that it is whole at any time.
 * @param folder made where it is missing
 */
export function keyFile(folder: string): KeyStore {
  const path = join(folder, FILE);
  const lock = `${path}.lock`;
  let known: { stamp: string; state: KeyStoreState } = { stamp: '', state: {} };
  /** Of this process, one after the other. */
  let last: Promise<unknown> = Promise.resolve();

  async function read(): Promise<KeyStoreState> {
    const stamp = await stampOf(path);
    if (stamp !== known.stamp) known = { stamp, state: stamp === '' ? {} : await parse(path) };
    return known.state;
  }

  async function change(by: (state: KeyStoreState) => KeyStoreState): Promise<KeyStoreState> {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    await takeLock(lock);
    try {
      const state = by(await read());
      await write(path, `${JSON.stringify({ version: VERSION, ...state }, undefined, 2)}\n`);
      return await read();
    } finally {
      await rm(lock, { force: true });
    }
  }

  return {
    read,
    update(by) {
      const next = last.then(() => change(by));
      last = next.catch(() => {});
      return next;
    },
    watch(onChange) {
      const listener = (): void => onChange();
      // Polling works on every file system, and before the file is there; it keeps no process alive.
      watchFile(path, { interval: POLL_INTERVAL, persistent: false }, listener);
      return () => unwatchFile(path, listener);
    },
  };
}

/** What changes whenever the file does; empty where there is none. */
async function stampOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${ino}-${size}-${mtimeNs}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** @throws Error where it is not what {@link keyFile} writes: then nobody may publish, rather than everybody */
async function parse(path: string): Promise<KeyStoreState> {
  let value: (KeyStoreState & { version?: unknown }) | undefined;
  try {
    value = JSON.parse(await readFile(path, 'utf8')) as typeof value;
  } catch (cause) {
    throw new Error(`'${path}' is damaged; restore it, or remove it and make new keys`, { cause });
  }
  const { version, keys, tokenSecret } = value ?? {};
  if (version !== VERSION || (keys !== undefined && !Array.isArray(keys))) {
    throw new Error(`'${path}' is not of this version; restore it, or remove it and make new keys`);
  }
  return { ...(keys ? { keys } : {}), ...(tokenSecret ? { tokenSecret } : {}) };
}

async function write(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, 'w', FILE_MODE);
  try {
    await file.writeFile(text);
    // Else a power cut could leave the new name with nothing behind it.
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

async function takeLock(path: string): Promise<void> {
  for (;;) {
    try {
      await (await open(path, 'wx', FILE_MODE)).close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const taken = await stat(path).catch(() => undefined);
    if (taken && Date.now() - taken.mtimeMs > STALE_LOCK) await rm(path, { force: true });
    else await delay(LOCK_WAIT);
  }
}
