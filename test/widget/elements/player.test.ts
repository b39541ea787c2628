import { expect } from 'chai';
import type { StreamStatus } from '../../../server/protocol.js';
import { LivedropError } from '../../../widget/errors.js';
import { LivePlayer } from '../../../widget/live-player.js';
import { cleanUp, inState, nextEvent, part, place, press, pretend, shows, visibleText } from './fixtures.js';

customElements.define('live-player', LivePlayer);

const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

const PICTURE = {
  hasFrame: true,
  playing: true,
  paused: false,
  buffering: false,
  ended: false,
  muted: false,
  volume: 0.5,
  atLiveEdge: true,
  autoplayBlocked: false,
  error: undefined,
};

/** A player that believes what it is told, and writes down what it does. */
async function player(
  video: Record<string, unknown> = {},
  attributes: Record<string, string> = {},
): Promise<{ element: LivePlayer; calls: unknown[][]; tell: (status: StreamStatus) => Promise<void> }> {
  const element = document.createElement('live-player');
  element.setAttribute('stream-id', 'demo');
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  const calls: unknown[][] = [];
  const note =
    (name: string) =>
    (...values: unknown[]): Promise<void> => {
      calls.push([name, ...values]);
      return Promise.resolve();
    };
  pretend(element.socket, { isConnected: true, viewerCount: 12, playbackUrl: 'https://b.test/stream.m3u8' });
  for (const name of ['connect', 'disconnect']) pretend(element.socket, { [name]: note(name) });
  pretend(element.video, { hasFrame: false, ...video });
  for (const name of [
    'load',
    'unload',
    'play',
    'pause',
    'setMuted',
    'toggleMute',
    'setVolume',
    'seek',
    'seekToLive',
  ])
    pretend(element.video, { [name]: note(name) });
  await place(element);
  const tell = async (status: StreamStatus): Promise<void> => {
    element.socket.dispatchEvent(new CustomEvent('statuschange', { detail: { streamId: 'demo', status } }));
    await element.updateComplete;
  };
  return { element, calls, tell };
}

describe('<live-player>', () => {
  afterEach(cleanUp);

  describe('states', () => {
    it('wait, and say so', async () => {
      const { element, calls, tell } = await player();
      expect(element.getAttribute('state')).to.equal('connecting');
      expect(shows(element, 'skeleton')).to.equal(true);
      await tell('waiting');
      expect(element.getAttribute('state')).to.equal('waiting');
      expect(visibleText(element)).to.contain('Waiting for the stream to start');
      expect(calls.at(-1), 'what was loaded unseen').to.deep.equal(['unload']);
    });

    it('load before it is known that the stream is live, and go on when it is', async () => {
      const { calls, tell } = await player();
      const loads = (): number => calls.filter(([name]) => name === 'load').length;
      expect(loads()).to.equal(1);
      await tell('live');
      expect(loads()).to.equal(1);
      expect(calls.findLast(([name]) => /load/.test(String(name)))?.[0]).to.equal('load');
    });

    it('go on with a newer token, and begin where there was none', async () => {
      const { element, calls, tell } = await player({}, { token: 'one' });
      const renewed: (string | undefined)[] = [];
      pretend(element.socket, { renewToken: () => renewed.push(element.token) });
      const count = (name: string): number => calls.filter(([called]) => called === name).length;
      await tell('live');
      const before = [count('load'), count('unload'), count('connect'), count('disconnect')];
      element.token = 'two';
      await element.updateComplete;
      expect(renewed).to.deep.equal(['two']);
      expect([count('load'), count('unload'), count('connect'), count('disconnect')]).to.deep.equal(before);
    });

    it('wait for their first token where they are to ask for it', async () => {
      const element = document.createElement('live-player');
      const connected: string[] = [];
      let answer = (_token: string): void => {};
      element.streamId = 'demo';
      element.getToken = () => new Promise((resolve) => (answer = resolve));
      pretend(element.socket, { connect: (streamId: string) => connected.push(streamId) });
      await place(element);
      expect(connected).to.deep.equal([]);
      answer('one');
      await nextTurn();
      expect(connected).to.deep.equal(['demo']);
    });

    it('go on where the page makes the function that gives tokens anew', async () => {
      const element = document.createElement('live-player');
      let asked = 0;
      const connected: string[] = [];
      const give = (): string => `token-${asked++}`;
      element.streamId = 'demo';
      element.getToken = () => give();
      pretend(element.socket, { connect: (streamId: string) => connected.push(streamId) });
      await place(element);
      await nextTurn();
      element.getToken = () => give();
      await element.updateComplete;
      await nextTurn();
      expect([asked, connected]).to.deep.equal([1, ['demo']]);
    });

    it('fail in words where there is no token', async () => {
      const element = document.createElement('live-player');
      element.streamId = 'demo';
      element.getToken = () => Promise.reject(new Error('nobody knows you'));
      await place(element);
      await nextTurn();
      await element.updateComplete;
      expect(element.state).to.equal('error');
      expect(visibleText(element)).to.contain('nobody knows you');
    });

    it('fail in words where only the playlist can be asked, and says that it is not for this viewer', async () => {
      const { fetch } = window;
      const asked: string[] = [];
      window.fetch = (input) => {
        asked.push(input as string);
        return Promise.resolve(new Response('no', { status: 401 }));
      };
      try {
        const { element } = await player();
        pretend(element.socket, { isConnected: false });
        await inState(element, 'error');
        expect(asked[0]).to.equal('https://b.test/stream.m3u8');
        expect(visibleText(element)).to.contain('not for this viewer');
      } finally {
        window.fetch = fetch;
      }
    });

    it('show a picture that was faster than the word that there is a stream', async () => {
      const { element } = await player(PICTURE);
      expect(element.state).to.equal('live');
    });

    it('load a stream when it is live, and again when it begins anew', async () => {
      const { element, calls, tell } = await player();
      const loads = (): number => calls.filter(([name]) => name === 'load').length;
      await tell('live');
      expect(element.getAttribute('state')).to.equal('live');
      expect(loads()).to.equal(1);
      await tell('reconnecting');
      await tell('live');
      expect(loads(), 'the same broadcast goes on').to.equal(1);
      await tell('ended');
      expect(visibleText(element)).to.contain('The stream has ended');
      await tell('live');
      expect(loads(), 'a new one').to.equal(2);
    });

    it('tell on the picture that the broadcaster is away', async () => {
      const { element, tell } = await player(PICTURE);
      await tell('live');
      await tell('reconnecting');
      expect(part(element, 'banner').innerText).to.contain('connection is lost');
    });

    it('play a stream that ended to its end', async () => {
      const { element, tell } = await player(PICTURE);
      await tell('live');
      await tell('ended');
      expect(element.state).to.equal('live');
      pretend(element.video, { playing: false, ended: true });
      element.requestUpdate();
      await element.updateComplete;
      expect(element.state).to.equal('ended');
    });

    it('show what failed and what to do', async () => {
      const error = new LivedropError('STREAM_NOT_SHOWING', 'Stream not showing for viewers');
      const { element, tell } = await player({ error });
      await tell('live');
      expect(element.getAttribute('state')).to.equal('error');
      expect(visibleText(element)).to.contain(error.message).and.to.contain(error.help);
    });

    it('name a missing stream id', async () => {
      const { element, calls } = await player({}, { 'stream-id': '' });
      expect(element.state).to.equal('error');
      expect(visibleText(element)).to.contain('stream-id');
      expect(calls).not.to.deep.include(['connect', '']);
    });

    it('are told to the page and to assistive technology', async () => {
      const { element, tell } = await player();
      const changed = nextEvent<CustomEvent<{ state: string }>>(
        document,
        'live-state',
        (event) => event.detail.state === 'ended',
      );
      await tell('ended');
      await changed;
      expect(element.shadowRoot!.querySelector('[role="status"]')!.textContent).to.contain(
        'The stream has ended',
      );
    });

    it('never change the size of the box', async () => {
      const { element, tell } = await player(PICTURE);
      element.style.width = '640px';
      for (const status of ['waiting', 'live', 'reconnecting', 'ended'] as const) {
        await tell(status);
        expect(element.offsetHeight, status).to.equal(360);
      }
    });

    it('show the page’s own words', async () => {
      const { element, tell } = await player();
      element.innerHTML = '<p slot="waiting">Doors open at eight</p>';
      await tell('waiting');
      expect(element.querySelector('p')!.checkVisibility({ visibilityProperty: true })).to.equal(true);
    });
  });

  describe('page', () => {
    it('changes the stream', async () => {
      const { element, calls, tell } = await player();
      await tell('live');
      element.streamId = 'other';
      await element.updateComplete;
      expect(calls).to.deep.include(['connect', 'other']);
      await element.updateComplete;
      expect(element.state).to.equal('connecting');
    });

    it('moves playback alone to another host', async () => {
      const { element, calls } = await player();
      calls.length = 0;
      element.cdnUrl = 'https://cdn.test';
      await element.updateComplete;
      expect(calls).to.deep.include(['connect', 'demo']);
    });

    it('takes the element away and back', async () => {
      const { element, calls, tell } = await player();
      await tell('live');
      element.remove();
      expect(calls).to.deep.include(['unload']);
      expect(calls).to.deep.include(['disconnect']);
      calls.length = 0;
      await place(element);
      expect(calls).to.deep.include(['connect', 'demo']);
    });

    it('may want a click first', async () => {
      const { element, calls, tell } = await player({}, { 'click-to-play': '' });
      await tell('live');
      expect(calls.some(([name]) => name === 'load')).to.equal(false);
      part(element, 'big-play').click();
      expect(calls).to.deep.include(['load', 'https://b.test/stream.m3u8']);
    });

    it('may want the picture alone', async () => {
      const { element, tell } = await player(PICTURE, { 'no-controls': '' });
      await tell('live');
      expect(shows(element, 'bar')).to.equal(false);
    });

    it('may want silence', async () => {
      const { calls } = await player({}, { muted: '' });
      expect(calls).to.deep.include(['setMuted', true]);
    });
  });

  describe('browser policy', () => {
    it('asks for a click where it allows no playback', async () => {
      const { element, calls, tell } = await player({ ...PICTURE, autoplayBlocked: true, paused: true });
      await tell('live');
      part(element, 'big-play').click();
      expect(calls).to.deep.include(['play']);
    });

    it('offers the sound it did not allow, until the person decided', async () => {
      const { element, calls, tell } = await player({ ...PICTURE, muted: true });
      await tell('live');
      part(element, 'unmute').focus();
      part(element, 'unmute').click();
      expect(calls).to.deep.include(['toggleMute']);
      await element.updateComplete;
      expect(shows(element, 'unmute')).to.equal(false);
      expect(element.shadowRoot!.activeElement, 'its keys go on').to.equal(part(element, 'box'));
    });
  });

  describe('controls', () => {
    it('are grey behind the live edge and lead back to it', async () => {
      const { element, calls, tell } = await player({ ...PICTURE, atLiveEdge: false });
      await tell('live');
      expect(part(element, 'badge').classList.contains('on')).to.equal(false);
      part(element, 'live').click();
      expect(calls).to.deep.include(['seekToLive']);
    });

    it('go away while nobody uses them, and come back', async () => {
      const { element, tell } = await player(PICTURE);
      await tell('live');
      const chrome = element.shadowRoot!.querySelector('.chrome')!;
      expect(chrome.classList.contains('shown')).to.equal(false);
      element.dispatchEvent(new PointerEvent('pointermove', { pointerType: 'mouse' }));
      await element.updateComplete;
      expect(chrome.classList.contains('shown')).to.equal(true);
      element.dispatchEvent(new PointerEvent('pointerleave', { pointerType: 'mouse' }));
      await element.updateComplete;
      expect(chrome.classList.contains('shown')).to.equal(false);
      pretend(element.video, { paused: true });
      element.requestUpdate();
      await element.updateComplete;
      expect(chrome.classList.contains('shown'), 'paused').to.equal(true);
    });

    it('come and go with a tap', async () => {
      const { element, calls, tell } = await player(PICTURE);
      await tell('live');
      const chrome = element.shadowRoot!.querySelector('.chrome')!;
      for (const shown of [true, false]) {
        part(element, 'video').dispatchEvent(new PointerEvent('click', { pointerType: 'touch' }));
        await element.updateComplete;
        expect(chrome.classList.contains('shown')).to.equal(shown);
      }
      expect(calls).not.to.deep.include(['pause']);
    });

    it('are all reachable by key', async () => {
      const { element, calls, tell } = await player({ ...PICTURE, currentTime: 10 });
      await tell('live');
      const cases: [string, unknown[]][] = [
        [' ', ['pause']],
        ['k', ['pause']],
        ['m', ['toggleMute']],
        ['ArrowLeft', ['seek', 7]],
        ['ArrowRight', ['seek', 13]],
        ['ArrowUp', ['setVolume', 0.6]],
        ['ArrowDown', ['setVolume', 0.4]],
      ];
      for (const [key, call] of cases) {
        calls.length = 0;
        expect(press(element, key).defaultPrevented, key).to.equal(true);
        expect(calls, key).to.deep.include(call);
      }
      calls.length = 0;
      expect(press(element, 'x').defaultPrevented).to.equal(false);
      part(element, 'mute').focus();
      expect(press(element, ' ').defaultPrevented, 'a focused button keeps its space bar').to.equal(false);
      expect(calls).to.deep.equal([]);
    });

    it('put what has no room into a menu', async () => {
      const { element, tell } = await player(PICTURE);
      element.style.width = '240px';
      await tell('live');
      element.dispatchEvent(new PointerEvent('pointermove', { pointerType: 'mouse' }));
      await element.updateComplete;
      expect(shows(element, 'viewers')).to.equal(false);
      part(element, 'more').click();
      await element.updateComplete;
      expect(part(element, 'menu').innerText).to.contain('12 viewers');
      document.body.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, composed: true }));
      await element.updateComplete;
      expect(shows(element, 'menu')).to.equal(false);
      element.style.width = '640px';
      expect(shows(element, 'viewers')).to.equal(true);
      expect(shows(element, 'more')).to.equal(false);
    });

    it('lie beside each other in every width, with the latency beside the badge or in the menu', async () => {
      const { element, tell } = await player({ ...PICTURE, latency: 12.4 }, { 'show-latency': '' });
      await tell('live');
      for (const width of [240, 299, 300, 355, 356, 399, 640]) {
        element.style.width = `${width}px`;
        let end = element.getBoundingClientRect().left;
        for (const child of element.shadowRoot!.querySelectorAll('.bar > *, .bar .chip')) {
          if (!child.checkVisibility()) continue;
          const { left, right } = child.getBoundingClientRect();
          const isInside = child.matches('.edge .chip');
          expect(left, `${child.className} at ${width}`).to.be.at.least(isInside ? 0 : end - 0.5);
          end = right;
        }
        expect(end, String(width)).to.be.at.most(element.getBoundingClientRect().right);
      }
      element.style.width = '240px';
      element.dispatchEvent(new PointerEvent('pointermove', { pointerType: 'mouse' }));
      await element.updateComplete;
      part(element, 'more').click();
      await element.updateComplete;
      expect(part(element, 'menu').innerText).to.contain('12.4 s behind the camera');
    });

    it('are thumb-sized and inside the box in every width', async () => {
      const { element, tell } = await player(PICTURE);
      await tell('live');
      for (const width of [240, 328, 640, 1280]) {
        element.style.width = `${width}px`;
        const box = element.getBoundingClientRect();
        for (const button of element.shadowRoot!.querySelectorAll('button')) {
          if (!button.checkVisibility()) continue;
          const { left, right } = button.getBoundingClientRect();
          expect(button.offsetHeight, `${button.part.value} at ${width}`).to.be.at.least(44);
          expect(left >= box.left && right <= box.right, `${button.part.value} inside ${width}`).to.equal(
            true,
          );
        }
      }
    });
  });

  it('goes to full screen with its controls', async () => {
    const { element, tell } = await player(PICTURE);
    await tell('live');
    await inState(element, 'live');
    let asked = false;
    element.requestFullscreen = () => {
      asked = true;
      return Promise.resolve();
    };
    press(element, 'f');
    expect(asked).to.equal(true);
  });
});
