import { expect } from 'chai';
import { LivedropError } from '../../../widget/errors.js';
import { make, publishing } from './broadcaster-fixtures.js';
import { cleanUp, nextEvent, part, place, pretend, settled, shows, visibleText } from './fixtures.js';

/** Boxes with little room, width and height, pixels: 16:9, 3:2, 4:3, square, and wider ones. */
const SMALL = [
  [240, 135],
  [240, 160],
  [240, 180],
  [240, 240],
  [320, 180],
  [480, 270],
] as const;

describe('errors of <live-broadcaster>', () => {
  afterEach(cleanUp);

  it('are told with help, and fired', async () => {
    const { getUserMedia } = navigator.mediaDevices;
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    try {
      const element = await place(make());
      const failed = nextEvent<CustomEvent<{ error: LivedropError }>>(document, 'live-error');
      part(element, 'turn-on').click();
      const { error } = (await failed).detail;
      expect(error.code).to.equal('PERMISSION_DENIED');
      await settled(element);
      expect(visibleText(element)).to.contain(error.message);
      expect(element.error).to.equal(error);
    } finally {
      navigator.mediaDevices.getUserMedia = getUserMedia;
    }
  });

  it('name a missing stream id', async () => {
    const element = await place(make({}));
    const failed = nextEvent<CustomEvent<{ error: LivedropError }>>(element, 'live-error');
    part(element, 'go-live').click();
    expect((await failed).detail.error.help).to.contain('stream-id');
    expect(element.media.stream).to.equal(undefined);
  });

  it('are there to their last line in the smallest box, and leave the buttons free', async () => {
    const element = await publishing({ state: 'reconnecting', bufferedSeconds: 28 });
    const message = 'The server took no start-stream within 10 s: the network is away or very slow';
    const error = new LivedropError('SOCKET_NOT_CONNECTED', message);
    for (const told of [{}, { state: 'idle', error }]) {
      pretend(element.socket, told);
      element.requestUpdate();
      await element.updateComplete;
      for (const [width, height] of SMALL) {
        Object.assign(element.style, { width: `${width}px`, height: `${height}px` });
        const banner = part(element, 'banner');
        const text = banner.querySelector('p')!.getBoundingClientRect();
        const what = `${banner.innerText} in ${width} × ${height}`;
        expect(banner.querySelector('b')!.getBoundingClientRect().bottom, what).to.be.at.most(text.bottom);
        const button = part(element, 'settings').getBoundingClientRect();
        expect(banner.getBoundingClientRect().bottom, what).to.be.at.most(button.top);
      }
    }
  });

  it('lie on the picture and can be closed', async () => {
    const element = await publishing({
      state: 'idle',
      error: new LivedropError('SOCKET_NOT_CONNECTED', 'Socket not connected'),
    });
    expect(part(element, 'banner').innerText).to.contain('Socket not connected');
    expect(visibleText(element)).not.to.contain('Camera is off');
    part(element, 'close').click();
    await element.updateComplete;
    expect(shows(element, 'banner')).to.equal(false);
  });
});
