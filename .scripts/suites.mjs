// Runs one suite of tests and counts what its runner reports.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runGroup } from './group.mjs';
import { toolPath } from './run.mjs';
import { filesIn } from './sources.mjs';

const minutes = 60_000;

/** The suites in the order in which they run, each a folder of test/ and the longest it may take. */
export const suites = {
  unit: { timeout: 5 * minutes },
  package: { timeout: 8 * minutes },
  widget: { timeout: 8 * minutes },
  contract: { timeout: 8 * minutes },
  e2e: { timeout: 12 * minutes },
};

/** Whether a suite has any test file. */
export function hasTests(name) {
  return existsSync(join('test', name)) && filesIn(`test/${name}`).some((path) => path.endsWith('.test.ts'));
}

/**
 * Adds up a report of Vitest's JSON reporter.
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export function countVitest(report) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report.testResults) {
    const failedBefore = counts.failed;
    for (const test of file.assertionResults) {
      if (test.status === 'passed') counts.passed += 1;
      else if (test.status === 'failed') counts.failed += 1;
      else counts.skipped += 1;
    }
    // A file that did not load, or broke in a hook, is a failure of its own.
    if (file.status === 'failed' && counts.failed === failedBefore) counts.failed += 1;
  }
  return counts;
}

function command(name, resultsPath, rest) {
  if (name === 'widget') {
    return {
      args: [toolPath('@web/test-runner', 'web-test-runner'), ...rest],
      env: { LIVEDROP_TEST_COUNTS: resultsPath },
    };
  }
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${resultsPath}`];
  return { args: [toolPath('vitest'), 'run', '--project', `${name}*`, ...reporters, ...rest], env: {} };
}

/**
 * Runs a suite.
 *
 * @param {string} name a key of {@link suites}
 * @param {{ env: Record<string, string>, rest: string[], quiet?: boolean }} options `rest` goes to the runner; `quiet` keeps what
 *   it says instead of showing it
 * @returns {Promise<{ passed: number, failed: number, skipped: number, output: string }>} a runner that failed without
 *   saying which test did counts as one failure
 */
export async function runSuite(name, { env, rest, quiet = false }) {
  const folder = mkdtempSync(join(tmpdir(), 'livedrop-test-'));
  try {
    const resultsPath = join(folder, 'results.json');
    const { args, env: own } = command(name, resultsPath, rest);
    const timeout = suites[name].timeout;
    const outputPath = quiet ? join(folder, 'output') : undefined;
    const { code, timedOut } = await runGroup(args, { env: { ...env, ...own }, timeout, outputPath });
    if (timedOut) console.error(`The ${name} tests were ended after ${timeout / minutes} minutes.`);
    const counts = { passed: 0, failed: 0, skipped: 0 };
    if (existsSync(resultsPath)) {
      const report = JSON.parse(readFileSync(resultsPath, 'utf8'));
      Object.assign(counts, name === 'widget' ? report : countVitest(report));
    }
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    return { ...counts, output: outputPath ? readFileSync(outputPath, 'utf8') : '' };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
