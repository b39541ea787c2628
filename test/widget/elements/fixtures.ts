/** What the elements' tests share. */

declare global {
  /** Of the server that the test runner started; empty where it is not built. */
  var livedropServerUrl: string;
}

let streams = 0;

/** A stream id that no other test uses. */
export function uniqueStreamId(): string {
  streams += 1;
  return `elements-${Date.now().toString(36)}-${streams}`;
}

/** Puts an element on the page, without its fades; `cleanUp` takes it away. */
export async function place<E extends HTMLElement>(element: E): Promise<E> {
  element.style.setProperty('--_fade', '0s');
  document.body.append(element);
  await (element as E & { updateComplete?: Promise<unknown> }).updateComplete;
  return element;
}

/** To be called after each test. */
export function cleanUp(): void {
  document.body.replaceChildren();
}

/** Resolves with the next event, or the next for which `matches` holds. */
export function nextEvent<E extends Event>(
  target: EventTarget,
  type: string,
  matches: (event: E) => boolean = () => true,
): Promise<E> {
  return new Promise((resolve) => {
    const listener = (event: Event): void => {
      if (!matches(event as E)) return;
      target.removeEventListener(type, listener);
      resolve(event as E);
    };
    target.addEventListener(type, listener);
  });
}

/** Resolves when what an event set off has run, and was rendered. */
export async function settled(element: HTMLElement & { updateComplete: Promise<unknown> }): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve);
  });
  await element.updateComplete;
}

/** Resolves when an element that reflects `state` is in it. */
export async function inState(element: HTMLElement & { state: string }, state: string): Promise<void> {
  if (element.state === state) return;
  await nextEvent<CustomEvent<{ state: string }>>(
    element,
    'live-state',
    ({ detail }) => detail.state === state,
  );
}

/** Gives a controller's read-only properties values that a test wants to see rendered. */
export function pretend(controller: object, values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values))
    Object.defineProperty(controller, name, { get: () => value, configurable: true });
}

/** The visible element with a part, in a shadow root. */
export function part<E extends HTMLElement = HTMLElement>(host: HTMLElement, name: string): E {
  const found = [...host.shadowRoot!.querySelectorAll<E>(`[part~="${name}"]`)].find(isVisible);
  if (!found) throw new Error(`no visible part "${name}" in <${host.localName}>`);
  return found;
}

/** Whether any element with a part is visible. */
export function shows(host: HTMLElement, name: string): boolean {
  return [...host.shadowRoot!.querySelectorAll<HTMLElement>(`[part~="${name}"]`)].some(isVisible);
}

/** All words that are visible. */
export function visibleText(host: HTMLElement): string {
  return host.shadowRoot!.querySelector<HTMLElement>('.box')!.innerText.replaceAll(/\s+/g, ' ').trim();
}

function isVisible(element: HTMLElement): boolean {
  return element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
}

/** Presses a key where the focus is, or on the host. */
export function press(host: HTMLElement, key: string): KeyboardEvent {
  const target = host.shadowRoot!.activeElement ?? host;
  const event = new KeyboardEvent('keydown', { key, bubbles: true, composed: true, cancelable: true });
  target.dispatchEvent(event);
  return event;
}
