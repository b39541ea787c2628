import type { PublishState } from '../controllers/livestream-socket.js';

/** What a broadcaster is shown. */
export type BroadcasterState =
  /** Nothing is taken and nothing is asked for. */
  | 'idle'
  /** They see or hear themselves; nobody else does. */
  | 'preview'
  | 'starting'
  | 'live'
  | 'reconnecting'
  | 'stopping';

/**
 * What to show, from what publishing is doing.
 * @param hasStream whether camera, screen or microphone was taken
 */
export function broadcasterState(publishing: PublishState, hasStream: boolean): BroadcasterState {
  switch (publishing) {
    case 'connecting':
    case 'starting':
      return 'starting';
    case 'live':
    case 'reconnecting':
    case 'stopping':
      return publishing;
    case 'idle':
    case 'ended':
      return hasStream ? 'preview' : 'idle';
  }
}
