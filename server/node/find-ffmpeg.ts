import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** The ffmpeg that will be run. */
export interface FoundFfmpeg {
  path: string;
  /** As it says itself, for example `7.1` or `N-118193-g5f38c82536`. */
  version: string;
  source: 'given' | 'ffmpeg-static' | 'PATH';
}

/** Options of {@link findFfmpeg}. */
export interface FindFfmpegOptions {
  /** Use this one and no other. Default: `FFMPEG_PATH`. */
  path?: string | undefined;
  /** Default: the process's. */
  env?: Record<string, string | undefined>;
  /** Where ffmpeg-static is. Default: asks that package, which may be missing. */
  bundledPath?: () => Promise<string | undefined>;
}

/** The oldest version whose command line has what is needed (`-fps_mode`). */
const OLDEST_VERSION = [5, 1] as const;

/** Some antivirus programs take seconds over a program's first start, milliseconds. */
const START_TIME = 15_000;

const INSTALLATION = [
  'Install it:',
  '  macOS    brew install ffmpeg',
  '  Windows  winget install ffmpeg',
  '  Linux    sudo apt install ffmpeg   (or: dnf install ffmpeg, pacman -S ffmpeg, apk add ffmpeg)',
  'or say where it is with --ffmpeg <path> or FFMPEG_PATH.',
].join('\n');

const run = promisify(execFile);

/**
 * Looks for ffmpeg 5.1 or newer: the given path, ffmpeg-static (an optional dependency, whose download may have
 * failed), then PATH. Each is run before it is believed.
 * @throws Error that says what was tried and how to install it on macOS, Windows and Linux
 */
export async function findFfmpeg(options: FindFfmpegOptions = {}): Promise<FoundFfmpeg> {
  const env = options.env ?? process.env;
  const given = options.path ?? env['FFMPEG_PATH'];
  if (given) return await findGiven(given);
  const tried: string[] = [];
  for await (const { path, source } of candidates(env, options.bundledPath ?? bundledFfmpeg)) {
    const version = await askVersion(path);
    if (version instanceof Error) tried.push(`${path}: ${version.message}`);
    else return { path, version, source };
  }
  const reasons =
    tried.length > 0 ? tried : ['ffmpeg-static is not installed, and no folder of PATH has ffmpeg'];
  throw new Error(['ffmpeg was not found.', ...reasons.map((line) => `  ${line}`), INSTALLATION].join('\n'));
}

async function findGiven(path: string): Promise<FoundFfmpeg> {
  const version = await askVersion(path);
  if (!(version instanceof Error)) return { path, version, source: 'given' };
  throw new Error(`'${path}' is not an ffmpeg that can be used: ${version.message}\n${INSTALLATION}`, {
    cause: version,
  });
}

async function* candidates(
  env: Record<string, string | undefined>,
  bundledPath: () => Promise<string | undefined>,
): AsyncGenerator<{ path: string; source: FoundFfmpeg['source'] }> {
  const bundled = await bundledPath();
  if (bundled) yield { path: bundled, source: 'ffmpeg-static' };
  const name = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
  for (const folder of (env['PATH'] ?? env['Path'] ?? '').split(delimiter)) {
    if (folder === '') continue;
    const path = join(folder, name);
    if (await isExecutable(path)) yield { path, source: 'PATH' };
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The package's default export is a path, or null where there is no build for this platform. */
async function bundledFfmpeg(): Promise<string | undefined> {
  // Not a literal: an optional dependency may be missing when this is compiled, too.
  const name: string = 'ffmpeg-static';
  try {
    const { default: path } = (await import(name)) as { default: unknown };
    return typeof path === 'string' ? path : undefined;
  } catch {
    return undefined;
  }
}

async function askVersion(path: string): Promise<string | Error> {
  let output: string;
  try {
    ({ stdout: output } = await run(path, ['-hide_banner', '-version'], {
      timeout: START_TIME,
      windowsHide: true,
    }));
  } catch (error) {
    return new Error(whyNotStarted(error), { cause: error });
  }
  const version = /^ffmpeg version (\S+)/.exec(output)?.[1];
  if (!version) return new Error('its -version names no ffmpeg version');
  if (isTooOld(version)) return new Error(`it is version ${version}, and 5.1 or newer is needed`);
  return version;
}

function whyNotStarted(error: unknown): string {
  const { code, killed } = error as { code?: unknown; killed?: boolean };
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'it may not be run';
  if (killed) return `its -version took longer than ${START_TIME / 1000} s`;
  return `its -version failed (${String(code)})`;
}

/** Builds between releases are named by date or commit; they are taken for new. */
function isTooOld(version: string): boolean {
  const [, major, minor] = /^n?(\d{1,3})\.(\d+)/.exec(version) ?? [];
  if (major === undefined) return false;
  const [oldestMajor, oldestMinor] = OLDEST_VERSION;
  return Number(major) < oldestMajor || (Number(major) === oldestMajor && Number(minor) < oldestMinor);
}
