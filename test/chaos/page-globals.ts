import { WebSocket } from 'ws';

/** A browser's: an error that nobody listens to does no harm. */
class BrowserWebSocket extends WebSocket {
  constructor(url: string) {
    super(url, { perMessageDeflate: false });
    this.on('error', () => {});
  }
}

/** What widget/media/ needs of a page to publish from Node. */
export function installPageGlobals(): void {
  const page = new EventTarget();
  Object.assign(globalThis, {
    WebSocket: BrowserWebSocket,
    addEventListener: page.addEventListener.bind(page),
    removeEventListener: page.removeEventListener.bind(page),
  });
}
