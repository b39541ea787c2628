import type { PlayerActions } from './player-view.js';

/** Half of the least window a server offers, so that one press never leaves it. */
const SEEK = 3;
const VOLUME_STEP = 0.1;

/**
 * Does what a key means in a player: space and k play and pause, m mutes, f is full screen, arrows seek and
 * change the volume.
 *
 * @param volume now, 0 to 1
 * @returns whether the key meant something; its default is then prevented
 */
export function playerShortcut(event: KeyboardEvent, actions: PlayerActions, volume: number): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  const target = event.composedPath()[0];
  // A focused button takes the space bar for itself, a slider the arrows.
  const onButton = target instanceof HTMLButtonElement;
  const onSlider = target instanceof HTMLInputElement;
  const action =
    onSlider && event.key.startsWith('Arrow') ? undefined : find(event, actions, volume, onButton);
  if (!action) return false;
  event.preventDefault();
  action();
  return true;
}

function find(
  event: KeyboardEvent,
  actions: PlayerActions,
  volume: number,
  onButton: boolean,
): (() => void) | undefined {
  switch (event.key.toLowerCase()) {
    case ' ':
      return onButton || event.repeat ? undefined : () => actions.togglePlay();
    case 'k':
      return event.repeat ? undefined : () => actions.togglePlay();
    case 'm':
      return event.repeat ? undefined : () => actions.toggleMute();
    case 'f':
      return event.repeat ? undefined : () => actions.toggleFullscreen();
    case 'arrowleft':
      return () => actions.seekBy(-SEEK);
    case 'arrowright':
      return () => actions.seekBy(SEEK);
    case 'arrowup':
      return () => actions.setVolume(Math.min(1, volume + VOLUME_STEP));
    case 'arrowdown':
      return () => actions.setVolume(Math.max(0, volume - VOLUME_STEP));
    default:
      return undefined;
  }
}
