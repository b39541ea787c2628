import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { hasKeyboard } from './menu-focus.js';

/**
 * Keeps the keyboard where the person is: what had it and is disabled has it again when it can be used; where it is taken away, what
 * takes its place has it.
 */
export class KeepFocus implements ReactiveController {
  /** Had the keyboard before this update. */
  #focused: HTMLElement | undefined;
  /** Had it when it was disabled or taken away, and nothing else has it since. */
  #lost: HTMLElement | undefined;

  /**
   * @param area selects what holds those that may go
   * @param successors select what takes their place, in order of choice
   */
  constructor(
    private readonly host: ReactiveControllerHost & HTMLElement,
    private readonly area: string,
    private readonly successors: readonly string[],
  ) {
    host.addController(this);
  }

  hostUpdate(): void {
    const active = this.host.shadowRoot?.activeElement;
    const isInArea = active instanceof HTMLElement && active.closest(this.area) !== null;
    this.#focused = isInArea ? active : undefined;
  }

  hostUpdated(): void {
    const focused = this.#focused;
    if (focused && (!focused.isConnected || focused.matches(':disabled'))) this.#lost = focused;
    if (!this.#lost) return;
    const active = this.host.shadowRoot?.activeElement ?? null;
    if (!hasKeyboard(this.host) || (active !== null && active !== this.#lost)) {
      this.#lost = undefined;
      return;
    }
    const next = this.#lost.isConnected ? this.#lost : this.#successor;
    if (!next || next.matches(':disabled')) return;
    this.#lost = undefined;
    next.focus({ preventScroll: true });
  }

  get #successor(): HTMLElement | undefined {
    for (const selector of this.successors) {
      const found = this.host.shadowRoot?.querySelector<HTMLElement>(selector);
      if (found) return found;
    }
    return undefined;
  }
}
