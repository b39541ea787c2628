import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** For the user that the server runs as, and nobody else. */
const FILE_MODE = 0o600;

/**
 * Puts a text in place of a file, as a whole: whoever reads it finds the older or the newer one, never half of one, also after a power
 * cut. Its folder must be there.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w', FILE_MODE);
    try {
      await file.writeFile(text);
      // Else a power cut could leave the new name with nothing behind it.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/** So that the new name is on the disk, too. Not every system lets a folder be opened. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch {
    // The text is whole in any case.
  }
}
