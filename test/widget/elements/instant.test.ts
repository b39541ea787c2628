import { expect } from 'chai';
import type { LatencyReading } from '../../../widget/controllers/video-element.js';
import { LiveBroadcaster } from '../../../widget/live-broadcaster.js';
import { LivePlayer } from '../../../widget/live-player.js';
import { cleanUp, inState, nextEvent, part, place, uniqueStreamId } from './fixtures.js';

customElements.define('live-broadcaster', LiveBroadcaster);
customElements.define('live-player', LivePlayer);

async function broadcast(streamId: string): Promise<LiveBroadcaster> {
  const element = document.createElement('live-broadcaster');
  Object.assign(element, { streamId, backendUrl: livedropServerUrl, width: 320, height: 180 });
  await place(element);
  await element.goLive();
  await inState(element, 'live');
  return element;
}

async function watch(streamId: string, more: Partial<LivePlayer> = {}): Promise<LivePlayer> {
  const element = document.createElement('live-player');
  const address = { streamId, backendUrl: livedropServerUrl };
  Object.assign(element, { ...address, muted: true, latencyMode: 'instant', ...more });
  return place(element);
}

async function plays(element: LivePlayer): Promise<void> {
  while (!element.video.playing) await nextEvent(element.video, 'statechange');
}

/** Resolves when the video has played on for so many seconds. */
async function playsOn(element: LivePlayer, seconds: number): Promise<void> {
  const video = element.shadowRoot!.querySelector('video')!;
  const goal = video.currentTime + seconds;
  while (video.currentTime < goal) await nextEvent(video, 'timeupdate');
}

const requests = (path: string): string[] =>
  performance
    .getEntriesByType('resource')
    .map(({ name }) => name)
    .filter((name) => name.includes(path));

describe('<live-player latency="instant">', function () {
  this.timeout(60_000);

  before(function () {
    if (!livedropServerUrl) this.skip();
  });
  afterEach(cleanUp);

  // The first test: the others load hls.js.
  it('plays without hls.js and without a playlist, tells how far behind it is, and ends', async () => {
    const streamId = uniqueStreamId();
    const broadcaster = await broadcast(streamId);
    const player = await watch(streamId, { showLatency: true });
    await plays(player);
    expect(player.video.transport).to.equal('instant');
    const { detail } = await nextEvent<CustomEvent<LatencyReading>>(
      player,
      'live-latency',
      () => player.video.latencySource === 'capture',
    );
    expect(detail.transport).to.equal('instant');
    expect(detail.latency).to.be.greaterThan(0);
    expect(detail.target).to.be.greaterThan(0);
    await player.updateComplete;
    expect(part(player, 'latency').innerText).to.match(/^\d+\.\d s$/);
    expect(requests('node_modules/hls.js')).to.deep.equal([]);
    expect(requests(`${streamId}/stream.m3u8`)).to.deep.equal([]);
    await broadcaster.stop();
    await inState(player, 'ended');
  });

  it('fetches nothing during a pause, and is at the edge again after it', async () => {
    const streamId = uniqueStreamId();
    await broadcast(streamId);
    const player = await watch(streamId);
    await plays(player);
    await playsOn(player, 0.5);
    const waits = await watch(streamId, { latencyMode: 'low' });
    await plays(waits);
    player.pause();
    await nextEvent(player.video, 'pause');
    expect(player.video.atLiveEdge && !player.video.paused).to.equal(false);
    const video = player.shadowRoot!.querySelector('video')!;
    // The other player shows that media comes; one that jumps to the edge has not lived through the time.
    const pausedAt = performance.now();
    do await playsOn(waits, 0.5);
    while (performance.now() - pausedAt < 2000);
    const end = video.buffered.end(video.buffered.length - 1);
    expect(end - video.currentTime).to.be.lessThan(1.5);
    const before = video.currentTime;
    await player.play();
    await plays(player);
    await playsOn(player, 0.2);
    // Two seconds went by, less what the other caught up and this one keeps in hand: had it gone on where it was, 0.2.
    expect(video.currentTime - before).to.be.greaterThan(1);
    expect(player.video.transport).to.equal('instant');
  });

  it('is low latency where playback comes from a CDN', async () => {
    const streamId = uniqueStreamId();
    await broadcast(streamId);
    const player = await watch(streamId, { cdnUrl: livedropServerUrl });
    await plays(player);
    expect(player.video.transport).to.equal('hls');
  });

  /** A player of a live stream whose requests for live.mp4 go through `answer`, and why it fell back. */
  async function watchThrough(
    answer: typeof fetch,
    onFallback: () => void = () => {},
  ): Promise<{ player: LivePlayer; reasons: string[]; restore: () => void }> {
    const streamId = uniqueStreamId();
    await broadcast(streamId);
    const { fetch } = globalThis;
    globalThis.fetch = (input, init) =>
      typeof input === 'string' && input.includes('live.mp4') ? answer(input, init) : fetch(input, init);
    const player = document.createElement('live-player');
    const reasons: string[] = [];
    player.addEventListener('live-fallback', (event) => {
      reasons.push((event as CustomEvent<{ reason: string }>).detail.reason);
      onFallback();
    });
    const address = { streamId, backendUrl: livedropServerUrl };
    Object.assign(player, { ...address, muted: true, latencyMode: 'instant' });
    await place(player);
    return { player, reasons, restore: () => (globalThis.fetch = fetch) };
  }

  const unplayable: [string, () => Response, string][] = [
    [
      'the server has no live.mp4',
      () => new Response('', { status: 404 }),
      'the server answers 404 to live.mp4',
    ],
    [
      'live.mp4 begins and brings nothing',
      () => new Response(new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) })),
      'live.mp4 brings no media (gone)',
    ],
  ];
  for (const [what, answer, reason] of unplayable) {
    it(`falls back where ${what}, and tells why`, async () => {
      const { player, reasons, restore } = await watchThrough(() => Promise.resolve(answer()));
      try {
        while (player.video.transport !== 'hls') await nextEvent(player.video, 'statechange');
        await plays(player);
        expect(reasons).to.deep.equal([reason]);
      } finally {
        restore();
      }
    });
  }

  it('recovers from an error of the decoder, and falls back after the second, fetching no more', async () => {
    const { fetch } = globalThis;
    const signals: AbortSignal[] = [];
    let open = -1;
    const { player, reasons, restore } = await watchThrough(
      (input, init) => {
        signals.push(init!.signal!);
        return fetch(input, init);
      },
      () => (open = signals.filter(({ aborted }) => !aborted).length),
    );
    try {
      await plays(player);
      const video = player.shadowRoot!.querySelector('video')!;
      video.dispatchEvent(new Event('error'));
      expect(reasons).to.deep.equal([]);
      video.dispatchEvent(new Event('error'));
      expect(reasons).to.deep.equal(['decoding failed']);
      expect(open).to.equal(0);
      while (player.video.transport !== 'hls') await nextEvent(player.video, 'statechange');
      await plays(player);
    } finally {
      restore();
    }
  });

  it('falls back where playback runs dry again and again', async () => {
    const { player, reasons, restore } = await watchThrough(fetch);
    try {
      await plays(player);
      const video = player.shadowRoot!.querySelector('video')!;
      while (reasons.length === 0) {
        // A machine that is busy may have done the same already.
        video.dispatchEvent(new Event('waiting'));
        await playsOn(player, 0.1);
      }
      expect(reasons).to.deep.equal(['3 stalls within 20 s']);
      while (player.video.transport !== 'hls') await nextEvent(player.video, 'statechange');
      await plays(player);
    } finally {
      restore();
    }
  });

  /** A response whose body comes in twice the time. */
  function slowed(response: Response): Response {
    const began = performance.now();
    let isRead = true;
    const body = new ReadableStream({
      cancel: () => void (isRead = false),
      async start(controller) {
        const reader = response.body!.getReader();
        for (;;) {
          const { value, done } = await reader.read().catch(() => ({ value: undefined, done: true }));
          if (done) break;
          setTimeout(() => isRead && controller.enqueue(value), performance.now() - began);
        }
      },
    });
    return new Response(body, response);
  }

  it('falls back where media arrives more slowly than it plays', async () => {
    const { fetch } = globalThis;
    const { player, reasons, restore } = await watchThrough(async (...request) =>
      slowed(await fetch(...request)),
    );
    // Stalls would be a reason sooner.
    player.shadowRoot!.addEventListener('waiting', (event) => event.stopImmediatePropagation(), true);
    try {
      while (player.video.transport !== 'hls') await nextEvent(player.video, 'statechange');
      expect(reasons).to.have.length(1);
      expect(reasons[0]).to.match(/^media arrives at \d\d % of real time$/);
      await plays(player);
    } finally {
      restore();
    }
  });

  it('falls back where live.mp4 breaks off and is refused from then on, while the playlist goes on', async () => {
    const { fetch } = globalThis;
    const cut = new AbortController();
    const { player, reasons, restore } = await watchThrough((input, init) =>
      cut.signal.aborted
        ? Promise.resolve(new Response('', { status: 503 }))
        : fetch(input, { ...init, signal: AbortSignal.any([init!.signal!, cut.signal]) }),
    );
    try {
      await plays(player);
      cut.abort();
      while (player.video.transport !== 'hls') await nextEvent(player.video, 'statechange');
      await plays(player);
      expect(reasons).to.deep.equal(['no media for 5 s while the playlist grows']);
    } finally {
      restore();
    }
  });
});
