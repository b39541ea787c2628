import { LiveBroadcaster } from '../../../widget/live-broadcaster.js';
import { place, pretend } from './fixtures.js';

customElements.define('live-broadcaster', LiveBroadcaster);

/** A broadcaster that is not on the page yet. */
export function make(attributes: Record<string, string> = { 'stream-id': 'demo' }): LiveBroadcaster {
  const element = document.createElement('live-broadcaster');
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** A broadcaster that believes it is publishing. */
export async function publishing(socket: Record<string, unknown>): Promise<LiveBroadcaster> {
  const element = await place(make());
  await element.startCamera();
  pretend(element.socket, { startedAt: new Date(Date.now() - 754_000), viewerCount: 12, ...socket });
  element.requestUpdate();
  await element.updateComplete;
  return element;
}
