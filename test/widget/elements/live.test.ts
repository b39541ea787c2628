import { expect } from 'chai';
import type { BroadcastHealth } from '../../../widget/index.js';
import { LiveBroadcaster } from '../../../widget/live-broadcaster.js';
import { LivePlayer } from '../../../widget/live-player.js';
import { cleanUp, inState, nextEvent, part, place, uniqueStreamId } from './fixtures.js';

customElements.define('live-broadcaster', LiveBroadcaster);
customElements.define('live-player', LivePlayer);

/** No server listens there. */
const NOWHERE = 'http://127.0.0.1:9';

async function broadcaster(streamId: string): Promise<LiveBroadcaster> {
  const element = document.createElement('live-broadcaster');
  element.streamId = streamId;
  element.backendUrl = livedropServerUrl;
  element.width = 320;
  element.height = 180;
  return place(element);
}

async function player(streamId: string, backendUrl: string, cdnUrl?: string): Promise<LivePlayer> {
  const element = document.createElement('live-player');
  Object.assign(element, { streamId, backendUrl, cdnUrl, muted: true });
  return place(element);
}

async function plays(element: LivePlayer): Promise<void> {
  while (!element.video.playing) await nextEvent(element.video, 'statechange');
}

describe('both elements with a server', function () {
  this.timeout(60_000);

  before(function () {
    if (!livedropServerUrl) this.skip();
  });
  afterEach(cleanUp);

  it('go live, are watched and counted, and end', async () => {
    const streamId = uniqueStreamId();
    const watching = await player(streamId, livedropServerUrl);
    await inState(watching, 'waiting');

    const publishing = await broadcaster(streamId);
    const started = nextEvent<CustomEvent<{ streamId: string; playbackUrl: string }>>(
      publishing,
      'live-start',
    );
    part(publishing, 'go-live').click();
    expect((await started).detail).to.deep.equal({
      streamId,
      playbackUrl: `${livedropServerUrl.replace(/\/$/, '')}/livestream/${streamId}/stream.m3u8`,
    });
    await inState(watching, 'live');
    await plays(watching);
    await publishing.updateComplete;
    expect(part(publishing, 'badge').innerText).to.equal('LIVE');
    expect(publishing.viewerCount).to.equal(1);

    part(publishing, 'stop').click();
    await publishing.updateComplete;
    const stopped = nextEvent<CustomEvent<{ reason: string; seconds: number }>>(publishing, 'live-stop');
    part(publishing, 'end').click();
    const { reason, seconds } = (await stopped).detail;
    expect(reason).to.equal('stopped');
    expect(seconds).to.be.greaterThan(0);
    await inState(watching, 'ended');
  });

  it('need no socket to watch', async () => {
    const streamId = uniqueStreamId();
    const publishing = await broadcaster(streamId);
    await publishing.goLive();
    await inState(publishing, 'live');
    const watching = await player(streamId, NOWHERE, livedropServerUrl);
    await inState(watching, 'live');
    await plays(watching);
    expect(watching.viewerCount).to.equal(undefined);
    expect(watching.error).to.equal(undefined);
    await publishing.stop();
    await inState(watching, 'ended');
  });

  it('say when nothing answers', async () => {
    const watching = await player(uniqueStreamId(), NOWHERE);
    await inState(watching, 'error');
    expect(watching.error?.code).to.equal('SOCKET_NOT_CONNECTED');
  });

  it('make less of what the network does not take, and all of it again when it does', async () => {
    const publishing = await broadcaster(uniqueStreamId());
    await publishing.goLive();
    const health = (wanted: string) =>
      nextEvent<CustomEvent<BroadcastHealth>>(
        publishing,
        'live-health',
        ({ detail }) => detail.congestion === wanted,
      );
    const full = (await health('none')).detail.videoBitsPerSecond;
    const own = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'bufferedAmount')!;
    Object.defineProperty(WebSocket.prototype, 'bufferedAmount', { ...own, get: () => full / 8 });
    try {
      expect((await health('bitrate')).detail.videoBitsPerSecond).to.be.lessThan(full);
    } finally {
      Object.defineProperty(WebSocket.prototype, 'bufferedAmount', own);
    }
    expect((await health('none')).detail.videoBitsPerSecond).to.equal(full);
    await publishing.stop();
  });
});
