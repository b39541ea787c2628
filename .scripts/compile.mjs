// The build: types and modules by tsc, the script tag and the demo by vite, the elements' manifest.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, runTool } from './run.mjs';
import { builtDigest, filesIn, rememberBuild, sourceDigest } from './sources.mjs';

const minutes = 60_000;

async function step(name, tool, args, options) {
  const { code, output } = await runTool(tool, args, { quiet: true, timeout: 10 * minutes, ...options });
  if (code === 0) return;
  console.error(output.trimEnd());
  throw new Error(`The build stopped at "${name}" (code ${code}).`);
}

/** Removes what tsc made of sources that are gone: it never does so itself. */
function removeLeftovers() {
  for (const folder of ['dist/server', 'dist/widget']) {
    if (!existsSync(join(root, folder))) continue;
    for (const path of filesIn(folder)) {
      const source = path.replace(/^dist./, '').replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts');
      if (!existsSync(join(root, source))) rmSync(join(root, path));
    }
  }
}

/**
 * Builds what `npm start` and the package need, if the sources changed since the last time.
 * @param {{ force?: boolean }} [options] `force` builds in any case
 */
export async function build({ force = false } = {}) {
  const digest = sourceDigest();
  if (!force && digest === builtDigest()) return;
  console.log('Building …');
  removeLeftovers();
  await step('tsc', 'typescript', ['-b', 'server/node', 'widget'], { bin: 'tsc' });
  await step('widget', 'vite', ['build', '--logLevel', 'warn']);
  await step('demo', 'vite', ['build', '--logLevel', 'warn', '--config', 'vite.demo.config.ts']);
  await step('manifest', '@custom-elements-manifest/analyzer', ['analyze', '--quiet'], { bin: 'cem' });
  rememberBuild(digest);
}
