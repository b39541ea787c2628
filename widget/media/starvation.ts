import { PlaylistPrefetch } from './playlist-prefetch.js';

/** So often it is looked, and the playlist asked for, in the time that the picture may stand. */
const LOOKS = 2;

export interface StarvationOptions {
  /** Of the multivariant playlist; asked at every look. */
  playlistUrl(): string;
  /** That the picture may stand. */
  seconds: number;
  /** The playlist grows: what waits on a connection may wait for nothing, so ask anew at once. */
  onHope(): void;
  /** It has grown again since, and brought nothing. */
  onStarved(reason: string): void;
}

/**
 * Notices a picture that stands for want of media although its stream goes on. Only the playlist tells: one that is away
 * too, or does not grow, means that the network, the server or the broadcaster is away, and all there is to do is to wait.
 * @returns what ends it
 */
export function watchStarvation(
  video: HTMLVideoElement,
  { playlistUrl, seconds, onHope, onStarved }: StarvationOptions,
): () => void {
  let request: PlaylistPrefetch | undefined;
  let position: number | undefined;
  /** What the look before found. */
  let playlist: string | undefined;
  /** Looks in a row that found it grown. */
  let grown = 0;

  const look = async (): Promise<void> => {
    // What did not come in time is nothing.
    request?.close();
    const before = playlist;
    playlist = undefined;
    const { currentTime, readyState, paused, ended } = video;
    const stands = currentTime === position && readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    position = currentTime;
    // Who waits for a stream that is not there, or is over, has no picture that stands, and others ask for that.
    if (!stands || paused || ended || readyState === HTMLMediaElement.HAVE_NOTHING) return;
    const asked = (request = new PlaylistPrefetch(playlistUrl()));
    const found = (await asked.media)?.text;
    if (asked !== request) return;
    playlist = found;
    grown = before && found && found !== before ? grown + 1 : 0;
    if (grown === 1) onHope();
    // A fresh request has had its time.
    if (grown === 2) onStarved(`no media for ${seconds} s while the playlist grows`);
  };
  const timer = setInterval(() => void look(), (seconds * 1000) / LOOKS);
  return () => {
    clearInterval(timer);
    request?.close();
    request = undefined;
  };
}
