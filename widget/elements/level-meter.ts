import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Ten times a second looks live and costs nothing. */
const INTERVAL = 100;
/** The microphone icon's capsule, in its own 24-unit box: see `icons.microphone`. */
const BOTTOM = 15;
const HEIGHT = 13;

/**
 * Fills the microphone icon with how loud it is. It writes attributes and does not render the host: a render
 * ten times a second would be work for nothing.
 */
export class LevelMeter implements ReactiveController {
  #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * @param level how loud it is now, from 0 to 1
   */
  constructor(
    private readonly host: ReactiveControllerHost & { renderRoot: HTMLElement | DocumentFragment },
    private readonly level: () => number,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.#timer = setInterval(() => this.#draw(), INTERVAL);
  }

  hostDisconnected(): void {
    clearInterval(this.#timer);
  }

  #draw(): void {
    if (!this.host.renderRoot) return;
    const height = Math.min(1, Math.max(0, this.level())) * HEIGHT;
    for (const rect of this.host.renderRoot.querySelectorAll('.level')) {
      rect.setAttribute('height', height.toFixed(1));
      rect.setAttribute('y', (BOTTOM - height).toFixed(1));
    }
  }
}
