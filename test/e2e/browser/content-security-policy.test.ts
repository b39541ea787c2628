import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CliServer } from '../../helpers/cli-server.js';
import { installClockCamera } from '../../helpers/clock-camera.js';
import { CLOCK, collectErrors, goLive, isPlaying, openPage } from '../../helpers/pages.js';
import { useServerAndBrowser } from '../../helpers/server-and-browser.js';

declare global {
  interface Window {
    violations: string[];
  }
}

const shared = useServerAndBrowser(() => CliServer.start());
let site: Server;

beforeAll(async () => {
  site = await serveSite();
});
afterAll(() => void site?.close());

/** Another site that embeds both elements, under the policy that the README names for it. */
async function serveSite(): Promise<Server> {
  const { server } = shared;
  const policy = [
    "default-src 'none'",
    `script-src ${server.url}`,
    `connect-src ${server.url} ${server.url.replace(/^http/, 'ws')}`,
    `media-src blob: ${server.url}`,
    `worker-src blob: ${server.url}`,
    "base-uri 'none'",
    // Of its own.
    'img-src data:',
  ].join('; ');
  const page = (element: string): string => `<!doctype html>
    <link rel="icon" href="data:," />
    <script type="module" src="${server.url}/livedrop.js"></script>
    ${element}`;
  const pages: Record<string, string> = {
    '/broadcast': page('<live-broadcaster stream-id="site"></live-broadcaster>'),
    '/watch': page('<live-player stream-id="site" muted></live-player>'),
  };
  const other = createServer(({ url = '' }, response) => {
    const headers = { 'Content-Type': 'text/html', 'Content-Security-Policy': policy };
    response.writeHead(200, headers).end(pages[url]);
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  return other;
}

/** Notes what the policy of a page refuses; to be given to every page. */
const noteViolations = (): void => {
  window.violations = [];
  addEventListener('securitypolicyviolation', (event) => {
    window.violations.push(`${event.effectiveDirective} refused ${event.blockedURI || 'inline'}`);
  });
};

async function open(url: string, prepare: () => void = () => {}): Promise<{ page: Page; errors: string[] }> {
  const page = await openPage(shared.browser);
  const errors = collectErrors(page);
  await page.addInitScript(installClockCamera, CLOCK);
  await page.addInitScript(noteViolations);
  await page.addInitScript(prepare);
  const response = await page.goto(url);
  expect(response?.headers()['content-security-policy']).not.toContain('unsafe');
  return { page, errors };
}

const setAttribute = (page: Page, element: string, name: string, value: string): Promise<void> =>
  page.locator(element).evaluate((node, [key, set]) => node.setAttribute(key!, set!), [name, value]);

/** Nothing was refused, and the policy is one that refuses. */
async function expectStrict({ page, errors }: { page: Page; errors: string[] }): Promise<void> {
  expect(await page.evaluate(() => window.violations)).toEqual([]);
  expect(errors).toEqual([]);
  const ran = await page.evaluate(async () => {
    const refused = new Promise((resolve) => addEventListener('securitypolicyviolation', resolve));
    const script = document.createElement('script');
    script.textContent = 'document.title = "ran"';
    document.body.append(script);
    await refused;
    return document.title === 'ran';
  });
  expect(ran).toBe(false);
}

it('the demo sends frames and plays low-latency HLS under it, and so does the page for frames', async () => {
  const broadcaster = await open(`${shared.server.url}/demo/broadcast.html?stream=strict`);
  await goLive(broadcaster.page);
  const viewer = await open(`${shared.server.url}/demo/watch.html?stream=strict`);
  const embedded = await open(`${shared.server.url}/embed/strict`);
  await isPlaying(viewer.page);
  await isPlaying(embedded.page);
  for (const each of [broadcaster, viewer, embedded]) await expectStrict(each);
});

it('the demo sends a file and plays the endless MP4 under it', async () => {
  const broadcaster = await open(`${shared.server.url}/demo/broadcast.html?stream=recorded`);
  await setAttribute(broadcaster.page, 'live-broadcaster', 'encoder', 'mediarecorder');
  await goLive(broadcaster.page);
  const viewer = await open(`${shared.server.url}/demo/watch.html?stream=recorded`);
  const asked = viewer.page.waitForRequest(/live\.mp4/);
  await setAttribute(viewer.page, 'live-player', 'latency', 'instant');
  await asked;
  await isPlaying(viewer.page);
  await expectStrict(broadcaster);
  await expectStrict(viewer);
});

it('pages of another origin do both under one that names this server, in a browser without track processors', async () => {
  const { port } = site.address() as AddressInfo;
  const broadcaster = await open(`http://127.0.0.1:${port}/broadcast`, () => {
    Reflect.deleteProperty(window, 'MediaStreamTrackProcessor');
  });
  await goLive(broadcaster.page);
  // Opus is what WebCodecs made of what the worklet heard; a recorder's would be AAC here.
  const playlist = await (await fetch(`${shared.server.url}/livestream/site/stream.m3u8`)).text();
  expect(playlist).toMatch(/CODECS="avc1\.[0-9A-F]{6},opus"/i);
  const viewer = await open(`http://127.0.0.1:${port}/watch`);
  await isPlaying(viewer.page).catch(async (cause: unknown) => {
    const refused = await viewer.page.evaluate(() => window.violations);
    throw new Error(`nothing plays; refused: ${refused.join()}; errors: ${viewer.errors.join()}`, { cause });
  });
  await expectStrict(broadcaster);
  await expectStrict(viewer);
});
