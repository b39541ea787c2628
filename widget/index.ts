/** Classes and types; importing them defines no element. See `livedrop/define` for that. */
export { setDefaultBackendUrl } from './backend-url.js';
export * from './controllers/index.js';
export type { BroadcasterState } from './elements/broadcaster-state.js';
export type { PlayerState } from './elements/player-state.js';
export type { TokenGetter } from './elements/token-source.js';
export * from './errors.js';
export { LiveBroadcaster } from './live-broadcaster.js';
export { LivePlayer } from './live-player.js';
