import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** What belongs to an open menu: itself, and the button that opened it and closes it by its own click. */
const BELONGS = '.menu, .confirm, [aria-expanded]';

/**
 * Closes menus by Escape, by a press anywhere else, and when the keyboard goes elsewhere. Knob: {@link active}, on while one is open.
 */
export class Dismiss implements ReactiveController {
  #active = false;
  #listening = false;

  constructor(
    private readonly host: ReactiveControllerHost & HTMLElement,
    private readonly close: () => void,
  ) {
    host.addController(this);
  }

  set active(active: boolean) {
    this.#active = active;
    this.#listen(active);
  }

  get active(): boolean {
    return this.#active;
  }

  hostConnected(): void {
    this.#listen(this.#active);
  }

  hostDisconnected(): void {
    this.#listen(false);
  }

  #listen(listen: boolean): void {
    if (listen === this.#listening) return;
    this.#listening = listen;
    if (listen) {
      document.addEventListener('pointerdown', this.#onPress);
      this.host.addEventListener('keydown', this.#onKey);
      this.host.addEventListener('focusout', this.#onLeave);
    } else {
      document.removeEventListener('pointerdown', this.#onPress);
      this.host.removeEventListener('keydown', this.#onKey);
      this.host.removeEventListener('focusout', this.#onLeave);
    }
  }

  #onPress = (event: PointerEvent): void => {
    const path = event.composedPath();
    const inside = path.slice(0, Math.max(0, path.indexOf(this.host)));
    if (!inside.some((node) => node instanceof Element && node.matches(BELONGS))) this.close();
  };

  /** Told of what leaves the host alone; nothing is related to where another window is used. */
  #onLeave = ({ relatedTarget }: FocusEvent): void => {
    if (relatedTarget instanceof Node && !this.host.contains(relatedTarget)) this.close();
  };

  #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    this.close();
  };
}
