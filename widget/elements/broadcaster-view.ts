import type { MediaStreamController } from '../controllers/media-stream.js';
import type { LivedropError } from '../errors.js';
import type { BroadcasterState } from './broadcaster-state.js';

/** Of it, what camera, microphone and screen are doing. */
interface MediaView {
  /** It is the person's own face. */
  mirrored: boolean;
  cameraOn: boolean;
  microphoneOn: boolean;
  screenOn: boolean;
  canShareScreen: boolean;
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
  cameraId: string | undefined;
  microphoneId: string | undefined;
}

/** What the broadcaster's templates show. */
export interface BroadcasterView extends MediaView {
  state: BroadcasterState;
  /** The browser is asking the person for camera, microphone or screen. */
  asking: boolean;
  /** There is a picture, so controls lie on it. */
  picture: boolean;
  viewers: number;
  /** Seconds since viewers could see it. */
  elapsed: number;
  /** Seconds kept while the connection is away. */
  kept: number;
  error: LivedropError | undefined;
  /** About the broadcast before, after it ended. */
  ended: string | undefined;
  settingsOpen: boolean;
  confirmingStop: boolean;
}

/** What its buttons do. */
export interface BroadcasterActions {
  toggleCamera(): void;
  toggleMicrophone(): void;
  toggleScreen(): void;
  selectCamera(deviceId: string): void;
  selectMicrophone(deviceId: string): void;
  toggleSettings(): void;
  goLive(): void;
  cancel(): void;
  askStop(): void;
  keepLive(): void;
  stop(): void;
  dismiss(): void;
}

export function viewOfMedia(media: MediaStreamController): MediaView {
  const { cameraOn, microphoneOn, screenOn, canShareScreen, cameraId, microphoneId } = media;
  const { cameras, microphones } = media.devices;
  return {
    mirrored: media.layout === 'camera' && !facesAway(cameras.find(({ deviceId }) => deviceId === cameraId)),
    cameraOn,
    microphoneOn,
    screenOn,
    canShareScreen,
    cameras,
    microphones,
    cameraId,
    microphoneId,
  };
}

/** People know themselves from mirrors; what a phone's back camera sees they know as it is. */
function facesAway(camera: MediaDeviceInfo | undefined): boolean {
  return /\b(back|rear|environment)\b/i.test(camera?.label ?? '');
}
