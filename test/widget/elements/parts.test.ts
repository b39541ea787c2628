import { expect } from 'chai';
import { html, LitElement } from 'lit';
import { AutoHide } from '../../../widget/elements/auto-hide.js';
import { Clock } from '../../../widget/elements/clock.js';
import { Dismiss } from '../../../widget/elements/dismiss.js';
import { FullscreenController } from '../../../widget/elements/fullscreen.js';
import { icons } from '../../../widget/elements/icons.js';
import { KeepFocus } from '../../../widget/elements/keep-focus.js';
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

/** A bar of two buttons: a tool, which may be disabled, and one that another takes the place of. */
class TestBar extends LitElement {
  static override properties = { asking: { type: Boolean }, isLive: { type: Boolean } };
  declare asking: boolean;
  declare isLive: boolean;

  protected override render(): unknown {
    const primary = this.isLive
      ? html`<button class="primary stop">Stop</button>`
      : html`<button class="primary go" ?disabled=${this.asking}>Go live</button>`;
    return html`<div class="bar"><button class="tool" ?disabled=${this.asking}>Mute</button>${primary}</div>
      <button class="other">Elsewhere</button>`;
  }
}
customElements.define('test-bar', TestBar);

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

describe('KeepFocus', () => {
  afterEach(cleanUp);

  async function makeBar(parent: ParentNode = document.body) {
    const bar = document.createElement('test-bar') as TestBar;
    new KeepFocus(bar, '.bar', ['.bar .keep', '.bar .primary']);
    parent.append(bar);
    await bar.updateComplete;
    const button = (name: string) => bar.shadowRoot!.querySelector<HTMLButtonElement>(`.${name}`)!;
    const set = async (state: Partial<TestBar>): Promise<void> => {
      Object.assign(bar, state);
      await bar.updateComplete;
      // A button that is disabled lets go of the keyboard when the page is drawn.
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    };
    return { button, set, focused: () => bar.shadowRoot!.activeElement?.className };
  }

  it('gives the keyboard to what takes the place of the button that had it', async () => {
    const { button, set, focused } = await makeBar();
    button('go').focus();
    await set({ isLive: true });
    expect(focused()).to.equal('primary stop');
  });

  it('gives it back to a button that was disabled meanwhile', async () => {
    const { button, set, focused } = await makeBar();
    button('tool').focus();
    await set({ asking: true });
    await set({ asking: false });
    expect(focused()).to.equal('tool');
  });

  it('does so where the button was disabled first, and then another took its place', async () => {
    const { button, set, focused } = await makeBar();
    button('go').focus();
    await set({ asking: true });
    await set({ isLive: true });
    expect(focused()).to.equal('primary stop');
  });

  it('takes it from nobody', async () => {
    const { button, set, focused } = await makeBar();
    button('go').focus();
    await set({ asking: true });
    button('other').focus();
    await set({ isLive: true });
    expect(focused(), 'in the element').to.equal('other');

    button('other').blur();
    await set({ isLive: false });
    expect(focused(), 'that was given up').to.equal(undefined);
  });

  it('takes it from nobody in the page around the tree that it is in', async () => {
    const field = document.body.appendChild(document.createElement('input'));
    const tree = document.body.appendChild(document.createElement('div')).attachShadow({ mode: 'open' });
    const { button, set, focused } = await makeBar(tree);
    button('go').focus();
    await set({ asking: true });
    field.focus();
    await set({ isLive: true });
    expect(focused()).to.equal(undefined);
    expect(document.activeElement).to.equal(field);
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
