// Child processes: one way to run a command, with its output shown or kept.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs a command to its end.
 *
 * @param {string} command a program; no shell takes part
 * @param {string[]} args
 * @param {{ quiet?: boolean, timeout?: number, cwd?: string, env?: Record<string, string> }} [options]
 *   `quiet` keeps the output instead of showing it; `timeout` in milliseconds ends the command; `env` is added
 *   to this process's
 * @returns {Promise<{ code: number, output: string }>} never rejects: a command that cannot be started or is
 *   ended has a code other than 0
 */
export function run(command, args, { quiet = false, timeout, cwd = root, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
      timeout,
      killSignal: 'SIGKILL',
      windowsHide: true,
    });
    let output = '';
    child.stdout?.on('data', (data) => (output += data));
    child.stderr?.on('data', (data) => (output += data));
    child.on('error', (error) => resolve({ code: 127, output: output + error.message }));
    // 'exit', not 'close': a grandchild may hold the pipe open for longer.
    child.on('exit', (code) => setImmediate(() => resolve({ code: code ?? 1, output })));
  });
}

/**
 * Runs a command to its end and stops the whole script when it fails.
 * @param {string} command
 * @param {string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export async function must(command, args, options) {
  const result = await run(command, args, options);
  if (result.code === 0) return result;
  if (result.output) console.error(result.output.trimEnd());
  throw new Error(`"${[command, ...args].join(' ')}" failed with code ${result.code}.`);
}

/**
 * The command line of a tool among the installed dependencies, for {@link run}.
 * @param {string} packageName for example `vite`
 * @param {string} [binName] where the package has several
 * @returns {string} the path of its script
 */
export function toolPath(packageName, binName = packageName) {
  const require = createRequire(join(root, 'package.json'));
  const folder = join(root, 'node_modules', packageName);
  const { bin } = require(join(folder, 'package.json'));
  const relative = typeof bin === 'string' ? bin : bin[binName];
  return join(folder, relative);
}

/**
 * Runs a tool among the installed dependencies with this Node.js.
 * @param {string} packageName
 * @param {string[]} args
 * @param {Parameters<typeof run>[2] & { bin?: string }} [options]
 */
export function runTool(packageName, args, { bin, ...options } = {}) {
  return run(process.execPath, [toolPath(packageName, bin), ...args], options);
}

/**
 * Runs npm: the one that started this script, else the one beside this Node.js, else the one on PATH.
 * @param {string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export function npm(args, options) {
  if (process.env.npm_execpath?.endsWith('npm-cli.js')) {
    return run(process.execPath, [process.env.npm_execpath, ...args], options);
  }
  if (process.platform !== 'win32') return run('npm', args, options);
  // npm.cmd cannot be started without a shell.
  const cli = join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js');
  return run(process.execPath, [cli, ...args], options);
}

/** Prints an error in words, without a stack, and ends with code 1. */
export function fail(error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
