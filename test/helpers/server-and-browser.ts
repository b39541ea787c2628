import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { launchChromium } from './chromium.js';

/** What all tests of a file use; there once the first of them runs. */
export interface ServerAndBrowser<Server> {
  server: Server;
  browser: Browser;
}

/**
 * Starts a server and a Chromium before the tests of a file, and ends both after them. Each test leaves it without a page:
 * not for tests that run at the same time, whose pages would go with those of the first that ends.
 */
export function useServerAndBrowser<Server extends { stop(): Promise<unknown> }>(
  start: () => Promise<Server>,
): ServerAndBrowser<Server> {
  const shared: Partial<ServerAndBrowser<Server>> = {};
  beforeAll(async () => {
    const starts = [
      start().then((server) => (shared.server = server)),
      launchChromium().then((browser) => (shared.browser = browser)),
    ];
    // Where one does not start, the other is there to be ended.
    await Promise.allSettled(starts);
    await Promise.all(starts);
  });
  afterEach(() => Promise.all(shared.browser!.contexts().map((context) => context.close())));
  afterAll(() => Promise.all([shared.browser?.close(), shared.server?.stop()]));
  return shared as ServerAndBrowser<Server>;
}
