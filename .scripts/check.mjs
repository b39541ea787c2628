// npm run check: everything that needs no test to run.
import './node-version.mjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { audit } from './audit.mjs';
import { build } from './compile.mjs';
import { installDependencies } from './dependencies.mjs';
import { checkDocs } from './docs.mjs';
import { checkManifest } from './manifest.mjs';
import { fail, npm, runTool } from './run.mjs';
import { checkSizes } from './sizes.mjs';

const minutes = 60_000;
const prettierCache = ['--cache', '--cache-location', 'node_modules/.cache/livedrop/prettier'];
const failures = [];

async function check(name, action) {
  const startedAt = Date.now();
  const problems = await action();
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(`${problems.length === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
  for (const problem of problems) console.log(`  ${problem.trimEnd().replaceAll('\n', '\n  ')}`);
  if (problems.length > 0) failures.push(name);
}

function tool(packageName, args, options) {
  return async () => {
    const { code, output } = await runTool(packageName, args, {
      quiet: true,
      timeout: 10 * minutes,
      ...options,
    });
    return code === 0 ? [] : [output || `It ended with code ${code}.`];
  };
}

/** Known holes in what users install. Where nobody can be asked, that is said and no failure. */
async function checkAudit() {
  const { problems, note } = await audit();
  if (note) console.log(`- ${note}`);
  return problems;
}

/** Whether the package is right for those who install it: its entry points, its types. */
async function checkPackage() {
  const folder = mkdtempSync(join(tmpdir(), 'livedrop-check-'));
  try {
    const { code, output } = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      quiet: true,
    });
    if (code !== 0) throw new Error(`"npm pack" failed: ${output}`);
    const tarball = join(folder, /"filename": "([^"]+)"/.exec(output)[1]);
    await check('publint', tool('publint', ['run', tarball, '--strict']));
    const attw = [tarball, '--profile', 'esm-only'];
    await check('are the types wrong', tool('@arethetypeswrong/cli', attw, { bin: 'attw' }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  await installDependencies();
  await check('prettier', tool('prettier', ['--check', '--log-level', 'warn', ...prettierCache, '.']));
  await check('types', tool('typescript', ['-b'], { bin: 'tsc' }));
  await check(
    'oxlint',
    tool('oxlint', ['--type-aware', '--deny-warnings', '--report-unused-disable-directives']),
  );
  await build({ force: true });
  await check('docstrings', () => Promise.resolve(checkDocs()));
  await check('sizes', () => Promise.resolve(checkSizes()));
  await check('custom elements manifest', () => Promise.resolve(checkManifest()));
  await checkPackage();
  await check('audit', checkAudit);
  console.log(failures.length === 0 ? 'All checks passed.' : `Failed: ${failures.join(', ')}.`);
  process.exitCode = failures.length === 0 ? 0 : 1;
} catch (error) {
  fail(error);
}
