// Installs the npm dependencies when node_modules is not what package-lock.json says.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm, root } from './run.mjs';

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/**
 * Whether a folder's installed packages differ from its lockfile. npm keeps what it installed in a lockfile of
 * its own inside node_modules; comparing the two takes milliseconds.
 */
export function needsInstall(folder) {
  const installedPath = join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(installedPath)) return true;
  const installed = readJson(installedPath).packages;
  const wanted = readJson(join(folder, 'package-lock.json')).packages;
  return Object.entries(wanted).some(
    ([path, { version, optional, link }]) =>
      path !== '' && !optional && !link && installed[path]?.version !== version,
  );
}

/**
 * Installs the dependencies of a folder if needed. Install scripts do not run: the only one whose result is
 * wanted, ffmpeg-static's download, has its turn in ffmpeg.mjs, where it may fail.
 */
export async function installDependencies(folder = root, what = 'dependencies') {
  if (!needsInstall(folder)) return;
  console.log(`Installing ${what} …`);
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code } = await npm(args, { cwd: folder });
  if (code !== 0) {
    throw new Error(
      `"npm ci" in ${folder} failed with code ${code}; its own message is above. ` +
        'Check the connection to the npm registry and run the command again.',
    );
  }
}
