import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countReporter } from '../../../.scripts/count-reporter.mjs';
import { countVitest } from '../../../.scripts/suites.mjs';

describe('counting tests', () => {
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'livedrop-count-'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('adds up what Vitest reports, and a file that did not load as one failure', () => {
    const counts = countVitest({
      testResults: [
        { status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'failed' }] },
        {
          status: 'passed',
          assertionResults: [{ status: 'passed' }, { status: 'pending' }, { status: 'todo' }],
        },
        { status: 'failed', assertionResults: [] },
      ],
    });
    expect(counts).toEqual({ passed: 2, failed: 2, skipped: 2 });
  });

  it('adds up what web-test-runner reports, nested suites and broken files included', async () => {
    const path = join(folder, 'counts.json');
    const test = (passed: boolean, skipped = false) => ({ name: 'test', passed, skipped });
    countReporter(path).onTestRunFinished({
      sessions: [
        {
          passed: false,
          testResults: {
            tests: [test(true)],
            suites: [{ tests: [test(false), test(false, true)], suites: [] }],
          },
        },
        { passed: false },
      ],
    });
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ passed: 1, failed: 2, skipped: 1 });
  });
});
