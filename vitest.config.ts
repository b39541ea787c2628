import { defineConfig } from 'vitest/config';

const seconds = 1000;

/** A suite's projects begin with its name; `vitest run --project unit` runs one. Browser tests of the widget: web-test-runner.config.mjs. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          // Some live through an hour of a stream, which is seconds on a busy machine.
          testTimeout: 30 * seconds,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/contract/*.test.ts'],
          exclude: ['test/contract/llhls.test.ts'],
          testTimeout: 30 * seconds,
          hookTimeout: 60 * seconds,
          // Each file starts servers of its own, and waits for them most of the time.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
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
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120 * seconds,
          hookTimeout: 60 * seconds,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
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
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
