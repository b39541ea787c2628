import { mediaSourceClass } from './mse-sink.js';

/** Where the endless MP4 of a stream is, beside its playlist. */
export function instantUrl(playlistUrl: string): string {
  const url = new URL('live.mp4', playlistUrl);
  url.search = new URL(playlistUrl).search;
  url.searchParams.set('flush', 'frame');
  return url.href;
}

/** Whether this browser can be given an endless MP4 as it arrives. */
export function canPlayInstantly(): boolean {
  return mediaSourceClass() !== undefined && typeof ReadableStream === 'function';
}
