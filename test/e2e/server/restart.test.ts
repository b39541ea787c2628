import { afterAll, beforeAll, expect, it } from 'vitest';
import { generateFrames, repeatFrames, sendFramesInRealTime, type Frames } from '../../helpers/frames.js';
import { HlsClient } from '../../helpers/hls-client.js';
import { Publisher } from '../../helpers/publisher.js';
import { RestartedServer } from '../../helpers/restarted-server.js';
import { StubbornViewer, type SeenSegment } from '../../helpers/stubborn-viewer.js';

/** From the end of the process to a segment of the next one, milliseconds. */
const LIVE_AGAIN = 5000;

let server: RestartedServer;
let media: Frames;
beforeAll(async () => {
  [server, media] = await Promise.all([
    RestartedServer.start(),
    generateFrames({ video: 'h264', audio: 'opus' }),
  ]);
});
afterAll(() => server?.stop());

it('goes on with its streams after it was killed, twice, and stopped', async () => {
  const streamId = 'frames';
  const { format } = media;
  const publisher = await Publisher.start(server.socketUrl, streamId, { format, title: 'The show' });
  const sending = new AbortController();
  const sent = sendFramesInRealTime(publisher, repeatFrames(media), sending.signal);
  const viewer = await StubbornViewer.start(
    new HlsClient(`${server.url}/livestream/${streamId}/stream.m3u8`),
  );
  await viewer.segment(({ uris }) => uris.size > 3);

  for (const signal of ['SIGKILL', 'SIGKILL', 'SIGTERM'] as const) {
    const before = viewer.newest!;
    await viewer.segment(({ msn }) => msn > before.msn + 1);
    const stoppedAt = performance.now();
    const restarted = server.restart(signal);
    await publisher.socket.closed;
    const acknowledged = publisher.acknowledgedCount;
    expect(await restarted).toBe(signal === 'SIGTERM' ? 0 : signal);
    const last = viewer.newest!;
    const { received, resumeToken } = await publisher.resume(undefined, { format }, acknowledged);
    expect(received).toBe(acknowledged);
    expect(resumeToken).toBe(publisher.started.resumeToken);
    const next: SeenSegment = await viewer.segment(({ msn }) => msn > last.msn);
    expect(performance.now() - stoppedAt).toBeLessThan(LIVE_AGAIN);
    expect(next.discontinuitySequence).toBe(last.discontinuitySequence + 1);
    if (signal === 'SIGTERM') expect(next.msn).toBe(last.msn + 1);
    const old = [...viewer.segments.values()].filter(({ msn }) => msn <= last.msn);
    for (const { uris, map } of old) expect([next.map, ...next.uris]).not.toContain([map, ...uris]);
    expect(await (await fetch(`${server.url}/livestream/${streamId}`)).json()).toMatchObject({
      status: 'live',
      title: 'The show',
    });
  }
  console.log(
    viewer.refusals,
    [...viewer.segments.values()]
      .map(({ msn, discontinuitySequence }) => [msn, discontinuitySequence].join('/'))
      .join(' '),
  );
  sending.abort();
  await sent;
  await viewer.stop();
  await publisher.close();
});
