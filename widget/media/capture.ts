import { LivedropError } from '../errors.js';
import { DEFAULT_SIZE, type Size } from './frame-size.js';

/** What was taken; either may be missing where the machine has none. */
export interface Capture {
  video: MediaStreamTrack | undefined;
  audio: MediaStreamTrack | undefined;
  /** Why one of the two is missing that was asked for. */
  missing?: LivedropError;
}

export interface CaptureRequest {
  video?: MediaTrackConstraints | undefined;
  audio?: MediaTrackConstraints | undefined;
}

/** Which device to take: the one that is asked for now, else, where it is still there, the one of last time. */
export interface DeviceChoice {
  wanted?: string | undefined;
  last?: string | undefined;
}

export function videoConstraints(
  choice: DeviceChoice,
  size: Partial<Size>,
  frameRate: number,
): MediaTrackConstraints {
  return {
    width: { ideal: size.width ?? DEFAULT_SIZE.width },
    height: { ideal: size.height ?? DEFAULT_SIZE.height },
    frameRate: { ideal: frameRate },
    deviceId: deviceConstraint(choice),
  };
}

export function audioConstraints(choice: DeviceChoice): MediaTrackConstraints {
  return {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    deviceId: deviceConstraint(choice),
  };
}

/**
 * Takes camera and microphone with one prompt. Where the machine has only one of the two it takes that one.
 * @throws LivedropError
 */
export async function captureDevices(request: CaptureRequest): Promise<Capture> {
  const { mediaDevices } = requireMediaDevices();
  try {
    return tracksOf(
      await mediaDevices.getUserMedia({ video: request.video ?? false, audio: request.audio ?? false }),
    );
  } catch (cause) {
    const error = captureError(cause, request.video ? 'camera' : 'microphone');
    const canDoWithLess = error.code === 'DEVICE_NOT_FOUND' || error.code === 'DEVICE_IN_USE';
    if (!canDoWithLess || !request.video || !request.audio) throw error;
    const capture =
      (await tryDevices(mediaDevices, { video: request.video })) ??
      (await tryDevices(mediaDevices, { audio: request.audio }));
    if (!capture) throw error;
    return { ...capture, missing: error };
  }
}

/**
 * Lets the person choose a screen, window or tab, with its sound where the browser offers it.
 * @returns undefined where the person cancelled
 * @throws LivedropError
 */
export async function captureScreen(frameRate: number): Promise<Capture | undefined> {
  const { mediaDevices } = requireMediaDevices();
  if (typeof mediaDevices.getDisplayMedia !== 'function') {
    throw new LivedropError('UNSUPPORTED_BROWSER', 'This browser cannot share a screen.', {
      help: 'Share a screen from a browser on a computer.',
    });
  }
  try {
    return tracksOf(
      await mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: frameRate } }, audio: true }),
    );
  } catch (cause) {
    // Cancelling the picker and a refusal by the system look the same, and cancelling is no failure.
    if (cause instanceof DOMException && cause.name === 'NotAllowedError') return undefined;
    throw captureError(cause, 'screen');
  }
}

/** Makes an exception of `getUserMedia` (Media Capture and Streams §10.2) into words. */
function captureError(cause: unknown, device: 'camera' | 'microphone' | 'screen'): LivedropError {
  const name = cause instanceof DOMException || cause instanceof Error ? cause.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return new LivedropError('PERMISSION_DENIED', `The ${device} was not allowed.`, { cause });
    case 'NotFoundError':
    case 'OverconstrainedError':
      return new LivedropError('DEVICE_NOT_FOUND', `No ${device} was found.`, { cause });
    case 'NotReadableError':
    case 'AbortError':
      return new LivedropError('DEVICE_IN_USE', `The ${device} could not be opened.`, { cause });
    default:
      return new LivedropError('MEDIA_ERROR', `The ${device} could not be started: ${String(cause)}`, {
        cause,
      });
  }
}

function requireMediaDevices(): { mediaDevices: MediaDevices } {
  if (!globalThis.isSecureContext) {
    throw new LivedropError(
      'INSECURE_CONTEXT',
      `Browsers give no camera to ${location.origin}: it is not secure.`,
    );
  }
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new LivedropError('UNSUPPORTED_BROWSER', 'This browser gives pages no camera.');
  }
  return navigator;
}

async function tryDevices(
  mediaDevices: MediaDevices,
  constraints: MediaStreamConstraints,
): Promise<Capture | undefined> {
  try {
    return tracksOf(await mediaDevices.getUserMedia(constraints));
  } catch {
    return undefined;
  }
}

function tracksOf(stream: MediaStream): Capture {
  return { video: stream.getVideoTracks()[0], audio: stream.getAudioTracks()[0] };
}

function deviceConstraint({ wanted, last }: DeviceChoice): ConstrainDOMStringParameters | undefined {
  if (wanted) return { exact: wanted };
  return last ? { ideal: last } : undefined;
}
