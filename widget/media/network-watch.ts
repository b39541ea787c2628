/** What a page is told by `navigator.connection` (Chromium, Firefox for Android). Not in TypeScript's DOM library. */
interface NavigatorWithConnection {
  readonly connection?: EventTarget;
}

/**
 * Tells of everything after which a connection may be broken without a word, or can be had again: another network, a
 * network that is back, a page that slept, was frozen, or hidden with its timers throttled.
 */
export class NetworkWatch {
  readonly #onChange: (isBack: boolean) => void;
  #listeners: AbortController | undefined;

  /** @param onChange `isBack`: there was no network, and now there is one */
  constructor(onChange: (isBack: boolean) => void) {
    this.#onChange = onChange;
  }

  /** The browser believes that there is no network. It may be wrong: a server on this machine needs none. */
  get isOffline(): boolean {
    return (globalThis.navigator as Navigator | undefined)?.onLine === false;
  }

  start(): void {
    if (this.#listeners) return;
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    const changed = (): void => this.#onChange(false);
    addEventListener('online', () => this.#onChange(true), { signal });
    addEventListener('pageshow', changed, { signal });
    const { connection } = (globalThis.navigator ?? {}) as NavigatorWithConnection;
    connection?.addEventListener('change', changed, { signal });
    const page = globalThis.document as Document | undefined;
    page?.addEventListener('resume', changed, { signal });
    page?.addEventListener(
      'visibilitychange',
      () => {
        if (page.visibilityState === 'visible') changed();
      },
      { signal },
    );
  }

  stop(): void {
    this.#listeners?.abort();
    this.#listeners = undefined;
  }
}
