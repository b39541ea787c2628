/**
 * - `playing`: as asked
 * - `muted`: only without sound
 * - `blocked`: the person has to press a button
 * - `interrupted`: something was loaded or paused meanwhile
 */
export type AutoplayResult = 'playing' | 'muted' | 'blocked' | 'interrupted';

/** Plays as the browser's autoplay policy allows: with sound as asked, else muted, else not. Resolves when it plays. */
export async function playByPolicy(video: HTMLVideoElement): Promise<AutoplayResult> {
  const refusal = await tryToPlay(video);
  if (!refusal) return 'playing';
  if (refusal !== 'NotAllowedError') return 'interrupted';
  if (video.muted) return 'blocked';
  video.muted = true;
  const mutedRefusal = await tryToPlay(video);
  if (!mutedRefusal) return 'muted';
  if (mutedRefusal !== 'NotAllowedError') return 'interrupted';
  video.muted = false;
  return 'blocked';
}

async function tryToPlay(video: HTMLVideoElement): Promise<string | undefined> {
  try {
    await video.play();
    return undefined;
  } catch (error) {
    return error instanceof DOMException ? error.name : 'AbortError';
  }
}
