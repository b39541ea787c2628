// What is run to be read by people, not by a test runner: builds, finds the programs it needs, runs test/<name>/index.ts.
import { fileURLToPath } from 'node:url';
import { build } from './compile.mjs';
import { installDependencies } from './dependencies.mjs';
import { runGroup } from './group.mjs';
import { fail } from './run.mjs';
import { ensureTools } from './tools.mjs';
import { stopWithParent } from './with-parent.mjs';

const minutes = 60_000;

/** So long may it put things back as they were when it is told to stop, milliseconds. */
const GRACE = 10_000;

/**
 * Runs it with this process's arguments, and takes its exit code.
 * @param {string} name of its folder, and a key of `toolsOf`
 * @param {number} longest minutes, after which it is ended
 */
export async function runProgram(name, longest) {
  stopWithParent();
  try {
    await installDependencies();
    await build();
    const env = await ensureTools([name]);
    const args = [fileURLToPath(new URL('run-typescript.mjs', import.meta.url)), `test/${name}/index.ts`];
    const { code } = await runGroup([...args, ...process.argv.slice(2)], {
      env,
      timeout: longest * minutes,
      grace: GRACE,
    });
    process.exitCode = code;
  } catch (error) {
    fail(error);
  }
}
