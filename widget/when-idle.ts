/** Where browsers do not tell, milliseconds. */
const LATER = 200;

/** Does what can wait when the page has nothing else to do. */
export function whenIdle(action: () => void): void {
  // Safari has none.
  if ('requestIdleCallback' in globalThis) requestIdleCallback(action);
  else setTimeout(action, LATER);
}
