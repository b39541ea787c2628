import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** What iPhone's video has in place of the Fullscreen API. */
interface WebKitVideo extends HTMLVideoElement {
  webkitSupportsFullscreen?: boolean;
  webkitEnterFullscreen?(): void;
}

/**
 * Full screen of an element with its controls; of the bare video on iPhone, where elements cannot have it.
 */
export class FullscreenController implements ReactiveController {
  constructor(
    private readonly host: ReactiveControllerHost & HTMLElement,
    private readonly video: () => WebKitVideo | null,
  ) {
    host.addController(this);
  }

  /** False in a frame that may not, for example a sandboxed one. */
  get available(): boolean {
    return document.fullscreenEnabled || this.video()?.webkitSupportsFullscreen === true;
  }

  get active(): boolean {
    return this.#root.fullscreenElement === this.host;
  }

  /** Does nothing where the browser refuses. */
  async toggle(): Promise<void> {
    if (this.active) return document.exitFullscreen().catch(() => {});
    if (document.fullscreenEnabled) return this.host.requestFullscreen().catch(() => {});
    this.video()?.webkitEnterFullscreen?.();
  }

  hostConnected(): void {
    this.host.addEventListener('fullscreenchange', this.#update);
  }

  hostDisconnected(): void {
    this.host.removeEventListener('fullscreenchange', this.#update);
  }

  /** A document's `fullscreenElement` is the outermost host; the element itself is known to its own root. */
  get #root(): DocumentOrShadowRoot {
    return this.host.getRootNode() as Document | ShadowRoot;
  }

  #update = (): void => this.host.requestUpdate();
}
