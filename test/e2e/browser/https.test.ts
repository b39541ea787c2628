import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { CliServer } from '../../helpers/cli-server.js';
import { goLive, isPlaying, openBroadcaster, openViewer, SMALL_VIEWPORT } from '../../helpers/pages.js';
import { makeSelfSigned } from '../../helpers/self-signed.js';

let folder: string;
let server: CliServer;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livedrop-https-'));
  const { certificate, key } = makeSelfSigned();
  const [certificatePath, keyPath] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  await Promise.all([writeFile(certificatePath, certificate), writeFile(keyPath, key)]);
  [server, browser] = await Promise.all([
    CliServer.start(['--certificate', certificatePath, '--key', keyPath]),
    launchChromium(),
  ]);
});
afterAll(async () => {
  await Promise.all([browser?.close(), server?.stop()]);
  await rm(folder, { recursive: true });
});

it('broadcasts and plays over HTTPS: the pages and the media by HTTP/2, the WebSocket beside them', async () => {
  expect(server.url).toMatch(/^https:/);
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: SMALL_VIEWPORT });
  const viewer = await openViewer(context, server.url, 'secure');
  const broadcaster = await openBroadcaster(context, server.url, 'secure');
  await goLive(broadcaster);
  await isPlaying(viewer);
  const protocols = await viewer.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .map((entry) => (entry as PerformanceResourceTiming).nextHopProtocol),
  );
  expect(new Set(protocols.filter((protocol) => protocol !== ''))).toEqual(new Set(['h2']));
  await context.close();
});
