// npm run bench: builds, then runs test/bench/index.ts.
import './node-version.mjs';
import { join } from 'node:path';
import { installDependencies } from './dependencies.mjs';
import { runProgram } from './program.mjs';
import { fail, root } from './run.mjs';

/** A baseline with dependencies of its own. */
const nodeMediaServer = join(root, 'test', 'bench', 'node-media-server');

try {
  await installDependencies(nodeMediaServer, 'node-media-server, a baseline').catch(({ message }) => {
    console.log(`Without node-media-server: ${message}`);
  });
  // Every figure bounds what it waits for; this is for what nobody thought of. `--minutes` goes up to 180.
  await runProgram('bench', 240);
} catch (error) {
  fail(error);
}
