import { expect } from 'chai';
import { html, LitElement } from 'lit';
import { AutoHide } from '../../../widget/elements/auto-hide.js';
import { Clock } from '../../../widget/elements/clock.js';
import { Dismiss } from '../../../widget/elements/dismiss.js';
import { FullscreenController } from '../../../widget/elements/fullscreen.js';
import { icons } from '../../../widget/elements/icons.js';
import { LevelMeter } from '../../../widget/elements/level-meter.js';
import { cleanUp, nextEvent, place } from './fixtures.js';

/** Tells when it was rendered. */
class TestHost extends LitElement {
  protected override render(): unknown {
    return html`<div class="menu"></div>
      ${icons.microphone}`;
  }

  protected override updated(): void {
    this.dispatchEvent(new Event('rendered'));
  }
}
customElements.define('test-host', TestHost);

function makeHost(): TestHost {
  return document.createElement('test-host') as TestHost;
}

function pointer(type: string, pointerType = 'mouse'): PointerEvent {
  return new PointerEvent(type, { pointerType, bubbles: true, composed: true });
}

describe('AutoHide', () => {
  afterEach(cleanUp);

  it('shows for a while after the pointer moved', async () => {
    const host = makeHost();
    const autoHide = new AutoHide(host, 1);
    await place(host);
    expect(autoHide.active).to.equal(false);
    host.dispatchEvent(pointer('pointermove'));
    expect(autoHide.active).to.equal(true);
    await nextEvent(host, 'rendered', () => !autoHide.active);
  });

  it('leaves fingers to tap', async () => {
    const host = makeHost();
    const autoHide = new AutoHide(host);
    await place(host);
    host.dispatchEvent(pointer('pointermove', 'touch'));
    expect(autoHide.active).to.equal(false);
  });

  it('hears nothing while its host is away', async () => {
    const host = makeHost();
    const autoHide = new AutoHide(host);
    await place(host);
    host.dispatchEvent(pointer('pointermove'));
    host.remove();
    expect(autoHide.active).to.equal(false);
    host.dispatchEvent(pointer('pointermove'));
    expect(autoHide.active).to.equal(false);
  });
});

describe('Clock', () => {
  afterEach(cleanUp);

  it('renders its host on the second while it counts', async () => {
    const host = makeHost();
    const clock = new Clock(host);
    await place(host);
    expect(clock.seconds).to.equal(0);
    clock.since = new Date(Date.now() - 4950);
    await nextEvent(host, 'rendered');
    expect(Math.floor(clock.seconds)).to.equal(5);
    clock.since = undefined;
    expect(clock.seconds).to.equal(0);
  });
});

describe('Dismiss', () => {
  afterEach(cleanUp);

  it('closes by Escape and by a press elsewhere, not by one inside', async () => {
    const host = makeHost();
    let closed = 0;
    const dismiss = new Dismiss(host, () => {
      closed += 1;
    });
    await place(host);
    document.body.dispatchEvent(pointer('pointerdown'));
    expect(closed, 'not open').to.equal(0);
    dismiss.active = true;
    host.shadowRoot!.querySelector('.menu')!.dispatchEvent(pointer('pointerdown'));
    expect(closed, 'inside').to.equal(0);
    document.body.dispatchEvent(pointer('pointerdown'));
    host.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
    expect(closed).to.equal(2);
    host.remove();
    document.body.dispatchEvent(pointer('pointerdown'));
    expect(closed, 'away').to.equal(2);
  });
});

describe('FullscreenController', () => {
  afterEach(cleanUp);

  it('falls back on the bare video where elements cannot have it', async () => {
    const host = makeHost();
    let entered = false;
    const video = Object.assign(document.createElement('video'), {
      webkitSupportsFullscreen: true,
      webkitEnterFullscreen: () => {
        entered = true;
      },
    });
    const fullscreen = new FullscreenController(host, () => video);
    await place(host);
    Object.defineProperty(document, 'fullscreenEnabled', { value: false, configurable: true });
    try {
      expect(fullscreen.available).to.equal(true);
      await fullscreen.toggle();
      expect(entered).to.equal(true);
    } finally {
      Reflect.deleteProperty(document, 'fullscreenEnabled');
    }
  });
});

describe('LevelMeter', () => {
  afterEach(cleanUp);

  it('fills the microphone from below', async () => {
    const host = makeHost();
    new LevelMeter(host, () => 0.5);
    await place(host);
    const rect = host.shadowRoot!.querySelector('.level')!;
    await new Promise<void>((resolve) => {
      new MutationObserver((_records, observer) => {
        observer.disconnect();
        resolve();
      }).observe(rect, { attributes: true });
    });
    expect([rect.getAttribute('y'), rect.getAttribute('height')]).to.deep.equal(['8.5', '6.5']);
  });
});
