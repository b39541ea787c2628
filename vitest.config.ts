import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const seconds = 1000;
const cores = availableParallelism();

/** They measure how late pictures are, or how many come: with another browser beside them they would measure that. */
const ALONE = [
  'bad-network',
  'bad-network-viewer',
  'frames',
  'glass-to-glass',
  'restart',
  'source-switching',
  'tokens',
].map((name) => `test/e2e/browser/${name}.test.ts`);

/** Their children and their memory are looked at: each file in a process of its own. */
const PROCESSES = ['node', 'scripts', 'fuzz'].map((name) => `test/unit/${name}/**/*.test.ts`);

/** What a test polls for comes when the machine has time for it. By default a second is all. */
const patient = { expect: { poll: { timeout: 20 * seconds } } };

const e2e = { ...patient, testTimeout: 120 * seconds, hookTimeout: 60 * seconds };

/** A suite's projects begin with its name; `vitest run --project 'unit*'` runs one. Browser tests of the widget: web-test-runner.config.mjs. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: PROCESSES,
          // To load the modules anew for each file takes longer than most of the tests. Whoever stubs something puts it back.
          isolate: false,
          // Some live through an hour of a stream, which takes ten seconds, and many times that on a busy machine.
          testTimeout: 120 * seconds,
          // By default one fewer than there are cores: one of two.
          maxWorkers: cores,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'unit-processes',
          include: PROCESSES,
          testTimeout: 30 * seconds,
          maxWorkers: cores,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...patient,
          name: 'contract',
          include: ['test/contract/*.test.ts'],
          exclude: ['test/contract/llhls.test.ts'],
          globalSetup: 'test/contract/node-ws-project.ts',
          testTimeout: 30 * seconds,
          hookTimeout: 60 * seconds,
          // Each file starts servers of its own, and waits for them most of the time.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...patient,
          name: 'contract-exactness',
          include: ['test/contract/llhls.test.ts'],
          testTimeout: 30 * seconds,
          hookTimeout: 60 * seconds,
          // It follows many live streams at once: with others beside it would miss versions of their playlists.
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...e2e,
          name: 'e2e-server',
          include: ['test/e2e/server/*.test.ts'],
          // No browser, a server each, and media in real time: they wait most of the time.
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          ...e2e,
          name: 'e2e-browser',
          include: ['test/e2e/browser/*.test.ts'],
          exclude: ALONE,
          maxWorkers: 2,
          sequence: { groupOrder: 4 },
        },
      },
      {
        test: {
          ...e2e,
          name: 'e2e-alone',
          include: [...ALONE, 'test/e2e/other-browsers/*.test.ts'],
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 5 },
        },
      },
      {
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          testTimeout: 120 * seconds,
          hookTimeout: 180 * seconds,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 6 },
        },
      },
    ],
  },
});
