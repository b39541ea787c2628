import type { LivedropError } from '../errors.js';
import type { PlayerState } from './player-state.js';

/** What the player's templates show. */
export interface PlayerView {
  state: PlayerState;
  /** There is a picture, so controls lie on it. */
  picture: boolean;
  paused: boolean;
  buffering: boolean;
  muted: boolean;
  /** 0 to 1. */
  volume: number;
  atLiveEdge: boolean;
  /** Seconds behind, where it is to be shown. */
  latency: number | undefined;
  viewers: number | undefined;
  /** The person has to press play first. */
  needsPlay: boolean;
  /** Muted, and not by the person. */
  needsUnmute: boolean;
  canFullscreen: boolean;
  fullscreen: boolean;
  canPictureInPicture: boolean;
  offline: boolean;
  error: LivedropError | undefined;
  menuOpen: boolean;
}

/** What its buttons and keys do. */
export interface PlayerActions {
  togglePlay(): void;
  toggleMute(): void;
  /** @param volume 0 to 1 */
  setVolume(volume: number): void;
  seekToLive(): void;
  /** @param seconds from here; negative: back */
  seekBy(seconds: number): void;
  toggleFullscreen(): void;
  togglePictureInPicture(): void;
  toggleMenu(): void;
}
