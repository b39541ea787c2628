// npm test [suite …] [-- runner options]: installs what is missing, builds, runs every suite, counts.
import './node-version.mjs';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './compile.mjs';
import { installDependencies } from './dependencies.mjs';
import { fail, root } from './run.mjs';
import { hasTests, runSuite, suites } from './suites.mjs';
import { ensureTools } from './tools.mjs';
import { stopWithParent } from './with-parent.mjs';

/** Projects among the fixtures have dependencies of their own. */
async function installFixtures() {
  const folder = join(root, 'test', 'fixtures');
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (existsSync(join(folder, name, 'package-lock.json'))) {
      await installDependencies(join(folder, name), `the dependencies of test/fixtures/${name}`);
    }
  }
}

function parseArguments(args) {
  const known = Object.keys(suites);
  const firstOther = args.findIndex((arg) => !known.includes(arg));
  const names = firstOther === -1 ? args : args.slice(0, firstOther);
  const rest = firstOther === -1 ? [] : args.slice(firstOther);
  if (names.length === 0 && rest.length > 0) {
    throw new Error(
      `"${rest[0]}" is no suite. Name one of ${known.join(', ')}, then what its runner should get.`,
    );
  }
  return { names: names.length > 0 ? names : known, rest };
}

function line({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** They compute all the time, and measure nothing: the widget's tests, which wait for a browser, run beside them. */
const COMPUTING = ['unit', 'package'];

/** Runs suites, and shows what each says in one piece. */
async function runSuites(names, options) {
  const results = new Map();
  const run = async (name, quiet = false) => {
    const startedAt = Date.now();
    const counts = await runSuite(name, { ...options, quiet });
    results.set(name, { ...counts, seconds: (Date.now() - startedAt) / 1000 });
    return counts;
  };
  const computing = names.filter((name) => COMPUTING.includes(name));
  const widget = names.includes('widget') && computing.length > 0 ? run('widget', true) : undefined;
  for (const name of computing) {
    console.log(`\n── ${name} ──`);
    await run(name);
  }
  if (widget) console.log(`\n── widget ──\n${(await widget).output}`);
  for (const name of names.filter((each) => !results.has(each))) {
    console.log(`\n── ${name} ──`);
    await run(name);
  }
  return results;
}

async function main() {
  const { names, rest } = parseArguments(process.argv.slice(2));
  await installDependencies();
  await installFixtures();
  await build();
  const present = names.filter(hasTests);
  const env = await ensureTools(present);
  const total = { passed: 0, failed: 0, skipped: 0 };
  const lines = [];
  for (const [name, result] of await runSuites(present, { env, rest })) {
    for (const key of Object.keys(total)) total[key] += result[key];
    lines.push(`${name}: ${line(result)} in ${result.seconds.toFixed(1)} s`);
  }
  console.log(`\n${lines.join('\n')}`);
  // The last line is for programs, too: these two numbers and nothing else.
  if (total.skipped > 0) console.log(`${total.skipped} skipped`);
  console.log(line({ ...total, skipped: 0 }));
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}

stopWithParent();
try {
  await main();
} catch (error) {
  fail(error);
}
