// Runs a command as a process group of its own, so that nothing it started outlives it.
import { spawn } from 'node:child_process';
import { root } from './run.mjs';

const ownGroups = process.platform !== 'win32';

/**
 * Runs a Node.js script with its output shown, and ends whatever is left of its process group afterwards.
 *
 * @param {string[]} args of Node.js
 * @param {{ env?: Record<string, string>, timeout: number }} options `timeout` in milliseconds
 * @returns {Promise<{ code: number, timedOut: boolean }>}
 */
export function runGroup(args, { env = {}, timeout }) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: ownGroups,
      windowsHide: true,
    });
    const signal = (name) => {
      try {
        process.kill(ownGroups ? -Number(child.pid) : Number(child.pid), name);
      } catch {
        // It is gone.
      }
    };
    const onInterrupt = () => {
      signal('SIGKILL');
      process.exit(130);
    };
    process.once('SIGINT', onInterrupt);
    process.once('SIGTERM', onInterrupt);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      signal('SIGKILL');
    }, timeout);
    const finish = (code) => {
      clearTimeout(timer);
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onInterrupt);
      if (child.pid) signal('SIGKILL');
      resolve({ code: code ?? 1, timedOut });
    };
    child.once('error', () => finish(127));
    child.once('exit', finish);
  });
}
