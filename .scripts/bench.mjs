// npm run bench: builds, then runs test/bench/index.ts.
import './node-version.mjs';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './compile.mjs';
import { installDependencies } from './dependencies.mjs';
import { runGroup } from './group.mjs';
import { fail, root } from './run.mjs';
import { ensureTools } from './tools.mjs';

const minutes = 60_000;

/** A baseline with dependencies of its own. */
const nodeMediaServer = join(root, 'test', 'bench', 'node-media-server');

/** Every figure bounds what it waits for; this is for what nobody thought of. `--minutes` goes up to 180. */
const longest = 240 * minutes;

try {
  if (!existsSync(`${root}/test/bench/index.ts`)) throw new Error('There is no test/bench/index.ts to run.');
  await installDependencies();
  await installDependencies(nodeMediaServer, 'node-media-server, a baseline').catch(({ message }) => {
    console.log(`Without node-media-server: ${message}`);
  });
  await build();
  const env = await ensureTools(['bench']);
  const args = [fileURLToPath(new URL('run-typescript.mjs', import.meta.url)), 'test/bench/index.ts'];
  const { code } = await runGroup([...args, ...process.argv.slice(2)], { env, timeout: longest });
  process.exitCode = code;
} catch (error) {
  fail(error);
}
