/** Importing this defines `<live-broadcaster>` and `<live-player>`. */
import { LiveBroadcaster } from './live-broadcaster.js';
import { LivePlayer } from './live-player.js';

/** A page may load the script twice, or bundle it and embed it as well: the first definition stays. */
export function defineElements(): void {
  if (!customElements.get('live-broadcaster')) customElements.define('live-broadcaster', LiveBroadcaster);
  if (!customElements.get('live-player')) customElements.define('live-player', LivePlayer);
}

defineElements();

export { LiveBroadcaster, LivePlayer };
