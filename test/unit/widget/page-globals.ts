import { vi } from 'vitest';

/**
 * Makes this process a page, as far as controllers look at one; `vi.unstubAllGlobals()` takes it back.
 * @returns what its events, such as `pagehide`, are dispatched to
 */
export function stubPage(webSocket: unknown): EventTarget {
  const page = new EventTarget();
  vi.stubGlobal('WebSocket', webSocket);
  vi.stubGlobal('location', { origin: 'http://page.example', href: 'http://page.example/' });
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  return page;
}
