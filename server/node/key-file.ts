import { randomUUID } from 'node:crypto';
import { watchFile, unwatchFile } from 'node:fs';
import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KeyStore, KeyStoreState } from '../index.js';
import { replaceFile } from './replace-file.js';

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
 * Stream keys in a file, which the server and the command line share: what one writes the other sees. It is replaced as a
 * whole.
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
    const holder = await takeLock(lock);
    try {
      const state = by(await read());
      await checkLock(lock, holder);
      await replaceFile(path, `${JSON.stringify({ version: VERSION, ...state }, undefined, 2)}\n`);
      return await read();
    } finally {
      await leaveLock(lock, holder);
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

/** @returns by which its holder knows it */
async function takeLock(path: string): Promise<string> {
  const holder = randomUUID();
  for (;;) {
    try {
      await writeFile(path, holder, { flag: 'wx', mode: FILE_MODE });
      return holder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await isStale(path)) await breakLock(path, holder);
    else await delay(LOCK_WAIT);
  }
}

async function isStale(path: string): Promise<boolean> {
  const taken = await stat(path).catch(() => undefined);
  // Of the future: the machine's clock was set back meanwhile.
  return taken !== undefined && Math.abs(Date.now() - taken.mtimeMs) > STALE_LOCK;
}

/** Of several who find it stale one gets it, and that may be a lock which another took meanwhile: then it is put back. */
async function breakLock(path: string, holder: string): Promise<void> {
  const aside = `${path}.${holder}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (!(await isStale(aside))) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

/** @throws Error where it took so long that another broke the lock: nothing was written */
async function checkLock(path: string, holder: string): Promise<void> {
  const found = await readFile(path, 'utf8').catch(() => undefined);
  if (found === holder) return;
  throw new Error(`the lock '${path}' was lost to another process; try again`);
}

/** Only one's own. */
async function leaveLock(path: string, holder: string): Promise<void> {
  const found = await readFile(path, 'utf8').catch(() => undefined);
  if (found === holder) await rm(path, { force: true });
}
