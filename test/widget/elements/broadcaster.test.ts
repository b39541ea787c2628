import { expect } from 'chai';
import { LivedropError } from '../../../widget/errors.js';
import { make, publishing } from './broadcaster-fixtures.js';
import {
  cleanUp,
  inState,
  nextEvent,
  part,
  place,
  press,
  pretend,
  settled,
  shows,
  visibleText,
} from './fixtures.js';

describe('<live-broadcaster>', () => {
  afterEach(cleanUp);

  describe('where its tokens are asked for', () => {
    /** Each answer of `startStream` in turn: an error that it rejects with, or nothing. */
    async function starting(getToken: () => string | Promise<string>, ...answers: LivedropError[]) {
      const element = make();
      const starts: string[] = [];
      element.getToken = getToken;
      pretend(element.socket, {
        startStream: (streamId: string) => {
          starts.push(streamId);
          const error = answers.shift();
          return error ? Promise.reject(error) : Promise.resolve();
        },
      });
      await place(element);
      await element.startCamera();
      return { element, starts };
    }
    const unauthorized = new LivedropError('UNAUTHORIZED', 'that is over');

    it('waits for the first one, shows that, and starts once however often it is pressed', async () => {
      let asked = 0;
      let answer = (_token: string): void => {};
      const { element, starts } = await starting(() => {
        asked += 1;
        return new Promise((resolve) => (answer = resolve));
      });
      const first = element.goLive();
      await inState(element, 'starting');
      const second = element.goLive();
      expect([asked, starts]).to.deep.equal([1, []]);
      answer('a.b.c');
      await Promise.all([first, second]);
      expect(asked).to.equal(1);
      // The second is the same start to the socket.
      expect(starts).to.deep.equal(['demo', 'demo']);
    });

    it('starts once more with a newer one where it is refused', async () => {
      let asked = 0;
      const getToken = () => `token-${asked++}`;
      const { element, starts } = await starting(getToken, unauthorized, unauthorized);
      await element.goLive();
      expect([asked, starts.length]).to.deep.equal([2, 2]);
    });

    it('says why there is none, and does not start', async () => {
      const { element, starts } = await starting(() => Promise.reject(new Error('nobody knows you')));
      const told = nextEvent(element, 'live-error');
      await element.goLive();
      await told;
      expect(element.error?.message).to.contain('nobody knows you');
      expect([element.state, starts]).to.deep.equal(['preview', []]);
    });
  });

  describe('before the person pressed anything', () => {
    it('asks for nothing', async () => {
      const { getUserMedia } = navigator.mediaDevices;
      let asked = 0;
      navigator.mediaDevices.getUserMedia = (constraints) => {
        asked += 1;
        return getUserMedia.call(navigator.mediaDevices, constraints);
      };
      try {
        const element = await place(make());
        await element.updateComplete;
        expect(asked).to.equal(0);
        expect(element.socket.isConnected).to.equal(false);
      } finally {
        navigator.mediaDevices.getUserMedia = getUserMedia;
      }
    });

    it('is 16:9 whatever it shows, and obeys the page', async () => {
      const element = make();
      element.style.width = '640px';
      await place(element);
      expect(element.offsetHeight).to.equal(360);
      await element.startCamera();
      expect(element.offsetHeight).to.equal(360);
      Object.assign(element.style, { width: '300px', height: '300px' });
      expect([element.offsetWidth, element.offsetHeight]).to.deep.equal([300, 300]);
    });

    it('reads its attributes', async () => {
      const element = await place(
        make({
          'stream-id': 'a',
          'user-id': 'u',
          token: 't',
          'backend-url': 'https://b.test',
          'title-text': 'T',
          width: '640',
          height: '360',
          'frame-rate': '25',
          muted: '',
          debug: '',
        }),
      );
      const { streamId, userId, token, backendUrl, titleText, width, height, frameRate, muted, debug } =
        element;
      expect([streamId, userId, token, backendUrl, titleText]).to.deep.equal([
        'a',
        'u',
        't',
        'https://b.test',
        'T',
      ]);
      expect([width, height, frameRate, muted, debug]).to.deep.equal([640, 360, 25, true, true]);
    });

    it('shows the page’s own words', async () => {
      const element = make();
      element.innerHTML = '<p slot="intro">Good evening</p>';
      await place(element);
      expect(element.querySelector('p')!.checkVisibility()).to.equal(true);
    });
  });

  describe('camera', () => {
    it('is taken by a button and seen', async () => {
      const element = await place(make());
      expect(element.getAttribute('state')).to.equal('idle');
      part(element, 'turn-on').click();
      await inState(element, 'preview');
      expect(element.getAttribute('state')).to.equal('preview');
      const video = element.shadowRoot!.querySelector('video')!;
      expect(video.srcObject).to.equal(element.media.stream);
      expect(video.muted).to.equal(true);
      expect(visibleText(element)).to.contain('PREVIEW');
    });

    it('is shown without a break while the element renders again and again', async () => {
      const element = await place(make());
      await element.startCamera();
      await inState(element, 'preview');
      const video = element.shadowRoot!.querySelector('video')!;
      await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
      let emptied = 0;
      video.addEventListener('emptied', () => emptied++);
      for (let render = 0; render < 5; render++) {
        element.requestUpdate();
        await element.updateComplete;
        await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
      }
      expect(emptied).to.equal(0);
    });

    it('begins with the microphone off where the page says so', async () => {
      const element = await place(make({ 'stream-id': 'demo', muted: '' }));
      await element.startCamera();
      expect(element.media.cameraOn).to.equal(true);
      expect(element.media.microphoneOn).to.equal(false);
    });

    it('and microphone have buttons that say what they do', async () => {
      const element = await place(make());
      await element.startCamera();
      await element.updateComplete;
      expect(part(element, 'microphone').ariaLabel).to.equal('Turn off microphone');
      part(element, 'microphone').click();
      await settled(element);
      expect(part(element, 'microphone').ariaLabel).to.equal('Turn on microphone');
      part(element, 'camera').click();
      await element.updateComplete;
      expect(part(element, 'camera').ariaLabel).to.equal('Turn on camera');
      expect(visibleText(element)).to.contain('Camera is off');
    });

    it('is mirrored alone, not with a screen, and not a phone’s back camera', async () => {
      const element = await place(make());
      await element.startCamera();
      await element.updateComplete;
      const video = element.shadowRoot!.querySelector('video')!;
      expect(video.classList.contains('mirrored')).to.equal(true);
      pretend(element.media, { layout: 'screen-with-camera' });
      element.requestUpdate();
      await element.updateComplete;
      expect(video.classList.contains('mirrored')).to.equal(false);
      const back = { deviceId: 'b', label: 'camera2 0, facing back' };
      pretend(element.media, {
        layout: 'camera',
        cameraId: 'b',
        devices: { cameras: [back], microphones: [] },
      });
      element.requestUpdate();
      await element.updateComplete;
      expect(video.classList.contains('mirrored')).to.equal(false);
    });

    it('is given back when the element leaves, and can be taken again', async () => {
      const element = await place(make());
      await element.startCamera();
      const [track] = element.media.stream!.getVideoTracks();
      element.remove();
      await Promise.resolve();
      expect(track!.readyState).to.equal('ended');
      await place(element);
      await inState(element, 'idle');
      await element.startCamera();
      await inState(element, 'preview');
    });

    it('can be chosen in the settings', async () => {
      const element = await place(make());
      element.style.width = '640px';
      await element.startCamera();
      part(element, 'settings').click();
      await element.updateComplete;
      expect(part(element, 'settings').ariaExpanded).to.equal('true');
      const [camera] = element.shadowRoot!.querySelectorAll('select');
      expect(camera!.value).to.equal(element.media.cameraId);
      press(element, 'Escape');
      await element.updateComplete;
      expect(shows(element, 'settings-menu')).to.equal(false);
    });

    it('take the keyboard into the settings, and back', async () => {
      const element = await place(make());
      element.style.width = '640px';
      await element.startCamera();
      const button = part(element, 'settings');
      button.focus();
      button.click();
      await element.updateComplete;
      const [camera] = element.shadowRoot!.querySelectorAll('select');
      expect(element.shadowRoot!.activeElement).to.equal(camera);
      press(element, 'Escape');
      await element.updateComplete;
      expect(element.shadowRoot!.activeElement).to.equal(button);
      button.click();
      await element.updateComplete;
      const elsewhere = document.body.appendChild(document.createElement('input'));
      elsewhere.focus();
      await element.updateComplete;
      expect(shows(element, 'settings-menu'), 'when it has gone elsewhere').to.equal(false);
      expect(document.activeElement).to.equal(elsewhere);
    });

    it('keep the keyboard when the button in the middle goes with its panel', async () => {
      const element = await place(make());
      element.style.width = '640px';
      part(element, 'turn-on').focus();
      expect(part(element, 'turn-on').matches(':focus-visible')).to.equal(true);
      part(element, 'turn-on').click();
      await inState(element, 'preview');
      await settled(element);
      expect(element.shadowRoot!.activeElement).to.equal(part(element, 'camera'));
    });
  });

  describe('on the air', () => {
    it('says so, for how long and before how many', async () => {
      const element = await publishing({ state: 'live' });
      expect(element.getAttribute('state')).to.equal('live');
      expect(part(element, 'badge').innerText).to.equal('LIVE');
      expect(part(element, 'elapsed').innerText).to.equal('12:34');
      expect(part(element, 'viewers').title).to.equal('12 viewers');
    });

    it('has the keyboard on Cancel and Stop where it was on Go live', async () => {
      const element = await publishing({ state: 'idle' });
      part(element, 'go-live').focus();
      for (const [state, name] of [
        ['connecting', 'cancel'],
        ['live', 'stop'],
        ['stopping', undefined],
        ['ended', 'go-live'],
      ] as const) {
        pretend(element.socket, { state });
        element.requestUpdate();
        await element.updateComplete;
        if (name) expect(element.shadowRoot!.activeElement, state).to.equal(part(element, name));
      }
    });

    it('says what is kept while the connection is away', async () => {
      const element = await publishing({ state: 'reconnecting', bufferedSeconds: 4.2 });
      expect(part(element, 'banner').innerText).to.equal(
        'Connection lost, you are still recorded here: 4 s kept',
      );
    });

    it('can be cancelled while connecting', async () => {
      const element = await publishing({ state: 'connecting' });
      let cancelled = false;
      element.socket.disconnect = () => {
        cancelled = true;
      };
      part(element, 'cancel').click();
      expect(cancelled).to.equal(true);
    });

    it('asks before it stops, with the focus on the harmless answer', async () => {
      const element = await publishing({ state: 'live' });
      let stopped = 0;
      element.socket.stopStream = () => {
        stopped += 1;
        return Promise.resolve();
      };
      part(element, 'stop').click();
      await element.updateComplete;
      expect(element.shadowRoot!.activeElement).to.equal(part(element, 'keep'));
      press(element, 'Escape');
      await element.updateComplete;
      expect(element.shadowRoot!.activeElement).to.equal(part(element, 'stop'));
      part(element, 'stop').click();
      await element.updateComplete;
      part(element, 'end').click();
      expect(stopped).to.equal(1);
    });

    it('finishes without a way to press twice', async () => {
      const element = await publishing({ state: 'stopping' });
      expect(part<HTMLButtonElement>(element, 'primary').disabled).to.equal(true);
    });
  });

  it('has thumb-sized buttons and one primary action, in every width', async () => {
    const element = await publishing({ state: 'live' });
    for (const width of [240, 328, 640, 1280]) {
      element.style.width = `${width}px`;
      const buttons = [...element.shadowRoot!.querySelectorAll('button')].filter((button) =>
        button.checkVisibility(),
      );
      for (const button of buttons) {
        expect(button.offsetHeight, `${button.part.value} at ${width}`).to.be.at.least(44);
        expect(button.offsetWidth, `${button.part.value} at ${width}`).to.be.at.least(44);
        const { right, left } = button.getBoundingClientRect();
        const box = element.getBoundingClientRect();
        expect(left >= box.left && right <= box.right, `${button.part.value} inside ${width}`).to.equal(true);
      }
      expect(buttons.filter((button) => button.part.contains('primary')).length).to.equal(1);
    }
  });
});
