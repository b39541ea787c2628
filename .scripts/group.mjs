// Runs a command as a process group of its own, so that nothing it started outlives it.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { root } from './run.mjs';

const ownGroups = process.platform !== 'win32';

/**
 * Runs a Node.js script, and ends whatever is left of its process group afterwards, and when this process ends.
 *
 * @param {string[]} args of Node.js
 * @param {{ env?: Record<string, string>, timeout: number, grace?: number, outputPath?: string }} options milliseconds. `grace`: how
 *   long it may take to stop when it is told to, by a signal or after the timeout, before it is ended. Default 0. `outputPath`: the
 *   file that its output is written to. Default: it is shown
 * @returns {Promise<{ code: number, timedOut: boolean }>}
 */
export function runGroup(args, { env = {}, timeout, grace = 0, outputPath }) {
  return new Promise((resolve) => {
    const output = outputPath === undefined ? 'inherit' : openSync(outputPath, 'w');
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', output, output],
      detached: ownGroups,
      windowsHide: true,
    });
    if (typeof output === 'number') closeSync(output);
    const signal = (name) => {
      try {
        process.kill(ownGroups ? -Number(child.pid) : Number(child.pid), name);
      } catch {
        // It is gone.
      }
    };
    let ending;
    const end = (andThen) => {
      if (grace > 0) signal('SIGTERM');
      ending = setTimeout(() => {
        signal('SIGKILL');
        andThen?.();
      }, grace);
    };
    let interrupted = false;
    const onInterrupt = () => {
      // The second time at once.
      if (interrupted || grace === 0) {
        signal('SIGKILL');
        process.exit(130);
      }
      interrupted = true;
      end(() => process.exit(130));
    };
    // Of several groups only one is asked to end this process.
    const onExit = () => signal('SIGKILL');
    process.on('SIGINT', onInterrupt);
    process.on('SIGTERM', onInterrupt);
    process.on('exit', onExit);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, timeout);
    const finish = (code) => {
      clearTimeout(timer);
      clearTimeout(ending);
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onInterrupt);
      process.off('exit', onExit);
      if (child.pid) signal('SIGKILL');
      resolve({ code: interrupted ? 130 : (code ?? 1), timedOut });
    };
    child.once('error', () => finish(127));
    child.once('exit', finish);
  });
}
