import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Long enough to reach a button, short enough not to stand in the picture. */
const DELAY = 3000;

/**
 * Whether controls are shown: while the pointer moves over the host or the keyboard is in it, and a moment
 * after. Whether they *may* hide (playing, no menu open) is the host's to say.
 */
export class AutoHide implements ReactiveController {
  #active = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: ReactiveControllerHost & HTMLElement,
    private readonly delay = DELAY,
  ) {
    host.addController(this);
  }

  get active(): boolean {
    return this.#active;
  }

  /** Shows the controls and starts the wait anew. */
  show(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.hide(), this.delay);
    this.#set(true);
  }

  hide(): void {
    clearTimeout(this.#timer);
    this.#set(false);
  }

  hostConnected(): void {
    this.host.addEventListener('pointermove', this.#onPointer);
    this.host.addEventListener('pointerleave', this.#onLeave);
    this.host.addEventListener('keydown', this.#onUse);
    this.host.addEventListener('focusin', this.#onFocus);
  }

  hostDisconnected(): void {
    this.host.removeEventListener('pointermove', this.#onPointer);
    this.host.removeEventListener('pointerleave', this.#onLeave);
    this.host.removeEventListener('keydown', this.#onUse);
    this.host.removeEventListener('focusin', this.#onFocus);
    clearTimeout(this.#timer);
    this.#active = false;
  }

  #set(active: boolean): void {
    if (active === this.#active) return;
    this.#active = active;
    this.host.requestUpdate();
  }

  #onUse = (): void => this.show();

  /** The keyboard's focus alone: a tap moves the focus too, and shows or hides by itself. */
  #onFocus = (event: FocusEvent): void => {
    const [target] = event.composedPath();
    if (target instanceof Element && target.matches(':focus-visible')) this.show();
  };

  /** A finger shows and hides them by tapping; its moves are scrolling. */
  #onPointer = (event: PointerEvent): void => {
    if (event.pointerType !== 'touch') this.show();
  };

  #onLeave = (event: PointerEvent): void => {
    if (event.pointerType !== 'touch') this.hide();
  };
}
