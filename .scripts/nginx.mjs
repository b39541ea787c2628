// Debian's nginx with its RTMP module, for the bench: unpacked, not installed. Installing it would start a web server.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { nginxFolder, onPath } from './executables.mjs';
import { run } from './run.mjs';

const packages = ['nginx', 'libnginx-mod-rtmp'];

/** Needs no password. Where there is no apt, or it does not know the packages, nothing happens. */
export async function unpackNginx() {
  if (!onPath('apt-get') || !onPath('dpkg')) return;
  console.log(`Fetching with apt-get, into .cache/nginx: ${packages.join(' ')} …`);
  mkdirSync(nginxFolder, { recursive: true });
  const options = { quiet: true, timeout: 60_000, cwd: nginxFolder };
  await run('apt-get', ['-qq', 'download', ...packages], options);
  for (const name of readdirSync(nginxFolder).filter((file) => file.endsWith('.deb'))) {
    await run('dpkg', ['-x', join(nginxFolder, name), nginxFolder], options);
  }
}
