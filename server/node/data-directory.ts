import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the operating system wants what a program of a user remembers. */
export function defaultDataDirectory(
  env: Record<string, string | undefined>,
  platform: NodeJS.Platform = process.platform,
): string {
  const home = homedir();
  if (platform === 'win32') return join(env['LOCALAPPDATA'] || join(home, 'AppData', 'Local'), 'livedrop');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'livedrop');
  return join(env['XDG_STATE_HOME'] || join(home, '.local', 'state'), 'livedrop');
}
