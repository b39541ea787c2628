import { supportedMp4Type } from './mse-sink.js';

/**
 * The playlist of a stream that this browser can play through Media Source Extensions: where those take no Opus (older Safari), that
 * of the rendition with AAC.
 */
export function playlistFor(url: string, isSupported?: (type: string) => boolean): string {
  if (supportedMp4Type(['avc1.42E01F', 'opus'], isSupported)) return url;
  const forAac = new URL(url, globalThis.location?.href);
  forAac.searchParams.set('audio', 'aac');
  return forAac.href;
}
