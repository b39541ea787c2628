// npm run fuzz: runs test/fuzz/index.ts. Builds first, since one target is the built server.
import './node-version.mjs';
import { fileURLToPath } from 'node:url';
import { build } from './compile.mjs';
import { installDependencies } from './dependencies.mjs';
import { runGroup } from './group.mjs';
import { fail } from './run.mjs';
import { ensureTools } from './tools.mjs';

/** Every case bounds what it waits for; this is for what nobody thought of. `--seconds` goes up to a day for each target. */
const longest = 8 * 24 * 3_600_000;

try {
  await installDependencies();
  await build();
  const env = await ensureTools(['fuzz']);
  const args = [fileURLToPath(new URL('run-typescript.mjs', import.meta.url)), 'test/fuzz/index.ts'];
  const { code } = await runGroup([...args, ...process.argv.slice(2)], { env, timeout: longest });
  process.exitCode = code;
} catch (error) {
  fail(error);
}
