import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { CliServer } from '../../helpers/cli-server.js';
import { generateFrames, repeatFrames, sendFramesInRealTime } from '../../helpers/frames.js';
import { HlsClient } from '../../helpers/hls-client.js';
import { openPage } from '../../helpers/pages.js';
import { Publisher } from '../../helpers/publisher.js';
import { mint } from '../../helpers/tokens.js';

const SECRET = 'a-shared-secret-of-more-than-32-characters';
const STREAM = 'members';

let server: CliServer;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([
    CliServer.start(['--playback', 'private', '--log-level', 'debug'], { LIVEDROP_TOKEN_SECRET: SECRET }),
    launchChromium(),
  ]);
});
afterAll(() => Promise.all([browser?.close(), server?.stop()]));

const play = (expiresIn: number) => mint({ secret: SECRET, streamId: STREAM, expiresIn });

/** Two players that ask the page's server for tokens, and a `<video>` that cannot: what native players are. */
async function openPlayers(page: Page, token: string): Promise<void> {
  await page.goto(`${server.url}/demo/watch.html`);
  await page.evaluate(
    ([stream, nativeUrl]) => {
      const player = (latency: string) =>
        Object.assign(document.createElement('live-player'), {
          id: latency,
          streamId: stream,
          latencyMode: latency,
          tokenUrl: '/my-token',
          muted: true,
        });
      const video = Object.assign(document.createElement('video'), {
        id: 'native',
        src: nativeUrl,
        muted: true,
        autoplay: true,
      });
      document.body.replaceChildren(player('low'), player('instant'), video);
    },
    [STREAM, `${server.url}/livestream/${STREAM}/stream.m3u8?token=${token}`] as const,
  );
}

/** What has happened in a player's video element. */
function videoOf(page: Page, id: string) {
  return page.evaluateHandle((name) => {
    const element = document.getElementById(name)!;
    return (element.shadowRoot?.querySelector('video') ?? element) as HTMLVideoElement;
  }, id);
}

it('goes on without a break when a token ends, in every way of playing', async () => {
  const { format, ...media } = await generateFrames({ video: 'h264', audio: 'aac', seconds: 2 });
  const token = await mint({ secret: SECRET, streamId: STREAM, scope: 'publish' });
  const publisher = await Publisher.start(server.socketUrl, STREAM, { format, token });
  const end = new AbortController();
  const sent = sendFramesInRealTime(publisher, repeatFrames({ format, ...media }), end.signal);

  // Chromium's own HLS gives up on a stream of few segments.
  const hls = new HlsClient(`${server.url}/livestream/${STREAM}/stream.m3u8?token=${await play(60)}`);
  await hls.playlistWhere(({ segments }) => segments.length > 4);

  const page = await openPage(browser);
  const refused: string[] = [];
  page.on('response', (response) => {
    if (response.status() === 401) refused.push(new URL(response.url()).pathname);
  });
  // The server takes it for five seconds more than it says.
  const first = await play(3);
  const until = Date.now() + 8000;
  // Each player for its first token, and for a newer one.
  let asked = 0;
  await page.route('**/my-token?stream=members', async (route) => {
    await route.fulfill({ json: { token: asked++ < 2 ? first : await play(60) } });
  });
  await openPlayers(page, first);
  const videos = await Promise.all(['low', 'instant', 'native'].map((id) => videoOf(page, id)));
  for (const video of videos) {
    await page.waitForFunction((element) => element.currentTime > 0.5 && !element.paused, video);
    await video.evaluate((element) => {
      const breaks: string[] = [];
      // Not `waiting`: a machine that is busy makes a player so near to the edge wait.
      for (const type of ['emptied', 'error', 'ended'])
        element.addEventListener(type, () => breaks.push(type));
      Object.assign(element, { breaks });
    });
  }
  // The clock of the page is the only one that says when a token is over.
  await page.waitForFunction((time) => Date.now() > time, until + 1000);
  for (const video of videos) {
    const { breaks, before } = await video.evaluate((element) => ({
      before: element.currentTime,
      breaks: (element as HTMLVideoElement & { breaks: string[] }).breaks,
    }));
    expect(breaks).toEqual([]);
    await page.waitForFunction(([element, time]) => element.currentTime > time + 1, [video, before] as const);
  }
  expect(asked).toBe(4);
  expect(refused).toEqual([]);
  end.abort();
  await sent;
  await publisher.close();
  const output = server.output;
  for (const secret of [SECRET, first, token, publisher.started.resumeToken])
    expect(output).not.toContain(secret);
});
