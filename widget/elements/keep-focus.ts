import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { hasKeyboard } from './menu-focus.js';

/**
 * Keeps the keyboard where the person is: a button that had it and is disabled has it again when it can be used; where another takes
 * its place, that one has it.
 */
export class KeepFocus implements ReactiveController {
  /** Had the keyboard before this update. */
  #focused: HTMLButtonElement | undefined;
  /** Had it when it was disabled or taken away, and nothing else has it since. */
  #lost: HTMLButtonElement | undefined;

  /**
   * @param area selects what holds the buttons
   * @param successors select what takes a button's place, in order of choice
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
    const isInArea = active instanceof HTMLButtonElement && active.closest(this.area) !== null;
    this.#focused = isInArea ? active : undefined;
  }

  hostUpdated(): void {
    const focused = this.#focused;
    if (focused && (!focused.isConnected || focused.disabled)) this.#lost = focused;
    if (!this.#lost) return;
    const active = this.host.shadowRoot?.activeElement ?? null;
    if (!hasKeyboard(this.host) || (active !== null && active !== this.#lost)) {
      this.#lost = undefined;
      return;
    }
    const next = this.#lost.isConnected ? this.#lost : this.#successor;
    if (!next || next.disabled) return;
    this.#lost = undefined;
    next.focus({ preventScroll: true });
  }

  get #successor(): HTMLButtonElement | undefined {
    for (const selector of this.successors) {
      const found = this.host.shadowRoot?.querySelector<HTMLButtonElement>(`${this.area} ${selector}`);
      if (found) return found;
    }
    return undefined;
  }
}
