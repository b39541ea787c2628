/**
 * Best first. Chromium's WebM recorder hands out data every 100 ms, its MP4 recorder at key frames only; H.264
 * spares the server an encode. VP8 is what Firefox has; MP4 what Safari has, where its WebM is newer and VP8 only.
 */
const MIME_TYPES: readonly string[] = [
  'video/webm;codecs=h264,opus',
  'video/webm;codecs=vp8,opus',
  'video/mp4;codecs=avc1,mp4a.40.2',
  'video/mp4',
  'video/webm',
];

/** Safari records WebM too since 18.4, without H.264: its MP4 is the better of the two. */
const MIME_TYPES_SAFARI: readonly string[] = [
  'video/mp4;codecs=avc1,mp4a.40.2',
  'video/mp4',
  'video/webm;codecs=vp8,opus',
];

/** The MediaRecorder type to send; undefined where the browser cannot record any that servers take. */
export function recorderMimeType(
  isSupported: ((type: string) => boolean) | undefined = mediaRecorderSupport(),
  isSafari: boolean = hasManagedMediaSource(),
): string | undefined {
  if (!isSupported) return undefined;
  return (isSafari ? MIME_TYPES_SAFARI : MIME_TYPES).find((type) => isSupported(type));
}

/**
 * How this browser plays HLS: `mse` by hls.js (Media Source Extensions, on iPhone Managed Media Source),
 * `native` by the video element itself, undefined not at all.
 */
export function hlsSupport(video: HTMLVideoElement): 'mse' | 'native' | undefined {
  if ('MediaSource' in globalThis || hasManagedMediaSource()) return 'mse';
  return video.canPlayType('application/vnd.apple.mpegurl') ? 'native' : undefined;
}

/** Whether the browser can share a screen; phones cannot. */
export function canShareScreen(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
}

function mediaRecorderSupport(): ((type: string) => boolean) | undefined {
  return 'MediaRecorder' in globalThis ? (type) => MediaRecorder.isTypeSupported(type) : undefined;
}

/** Only Safari has it, on all its platforms. */
function hasManagedMediaSource(): boolean {
  return 'ManagedMediaSource' in globalThis;
}
