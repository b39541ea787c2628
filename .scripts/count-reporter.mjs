// A reporter for @web/test-runner that counts: its JSON output is what test.mjs adds up.
import { writeFileSync } from 'node:fs';

function countSuite(suite, counts) {
  for (const test of suite.tests) {
    if (test.skipped) counts.skipped += 1;
    else if (test.passed) counts.passed += 1;
    else counts.failed += 1;
  }
  for (const child of suite.suites) countSuite(child, counts);
}

/** @param {string | undefined} path where the counts go, as JSON; nowhere if absent */
export function countReporter(path = process.env.LIVEDROP_TEST_COUNTS) {
  return {
    onTestRunFinished({ sessions }) {
      if (!path) return;
      const counts = { passed: 0, failed: 0, skipped: 0 };
      for (const session of sessions) {
        const before = counts.failed;
        if (session.testResults) countSuite(session.testResults, counts);
        // A file that did not load, or broke outside its tests, is a failure of its own.
        if (!session.passed && counts.failed === before) counts.failed += 1;
      }
      writeFileSync(path, JSON.stringify(counts));
    },
  };
}
