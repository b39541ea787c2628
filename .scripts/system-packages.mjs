// Installs programs with the system's package manager, where that takes no password.
import { onPath } from './executables.mjs';
import { run } from './run.mjs';

const minutes = 60_000;

/** The command prefix that runs as root without asking, or undefined. */
async function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  const sudo = onPath('sudo');
  if (!sudo) return undefined;
  const { code } = await run(sudo, ['-n', 'true'], { quiet: true, timeout: 5000 });
  return code === 0 ? [sudo, '-n'] : undefined;
}

async function apt(packages) {
  const prefix = await rootPrefix();
  if (!prefix) return false;
  const aptGet = (...args) => {
    const [command, ...rest] = [...prefix, 'apt-get', '-o', 'DPkg::Lock::Timeout=120', '-qq', ...args];
    return run(command, rest, {
      quiet: true,
      timeout: 10 * minutes,
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
  };
  console.log(`Installing with apt-get: ${packages.join(' ')} …`);
  // A failed update need not matter: the lists may be there already.
  await aptGet('update');
  const { code, output } = await aptGet('install', '-y', '--no-install-recommends', ...packages);
  if (code !== 0) console.error(output.trimEnd());
  return code === 0;
}

async function brew(packages) {
  console.log(`Installing with Homebrew: ${packages.join(' ')} …`);
  const { code } = await run('brew', ['install', '--quiet', ...packages], { timeout: 20 * minutes });
  return code === 0;
}

async function winget(packages) {
  let ok = true;
  for (const id of packages) {
    console.log(`Installing with winget: ${id} …`);
    const args = ['install', '--id', id, '-e', '--silent', '--disable-interactivity'];
    const agree = ['--accept-package-agreements', '--accept-source-agreements'];
    const { code } = await run('winget', [...args, ...agree], { timeout: 20 * minutes });
    ok &&= code === 0;
  }
  return ok;
}

const managers = { apt: ['apt-get', apt], brew: ['brew', brew], winget: ['winget', winget] };

/**
 * Installs packages with the first package manager that is here and names them.
 *
 * @param {{ apt?: string[], brew?: string[], winget?: string[] }} names the packages, as each manager calls them
 * @returns {Promise<boolean>} whether they are installed now; false where no manager can without a password
 */
export async function installSystemPackages(names) {
  for (const [manager, [command, install]] of Object.entries(managers)) {
    if (names[manager]?.length && onPath(command)) return install(names[manager]);
  }
  return false;
}
