import { moveFrame, repeatFrames, sendFramesInRealTime, type Frame, type Frames } from './frames.js';
import type { Publisher } from './publisher.js';

/**
 * Sends one video until its viewer has seen it, and from the next key frame on another one, of another size, or with sound of
 * another codec.
 * @param seen settles when it is time for the other one
 * @param signal ends it
 */
export async function sendResized(
  publisher: Publisher,
  streamId: string,
  [before, after]: readonly [Frames, Frames],
  seen: Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  let isSeen = false;
  const settled = () => void (isSeen = true);
  seen.then(settled, settled);
  const video = before.format.tracks.findIndex((track) => 'width' in track);
  let changeAt = 0;
  function* untilSeen(): Generator<Frame> {
    for (const frame of repeatFrames(before)) {
      changeAt = frame.timestamp;
      if (isSeen && frame.key && frame.track === video) return;
      yield frame;
    }
  }
  function* fromThere(): Generator<Frame> {
    for (const frame of repeatFrames(after)) yield moveFrame(frame, changeAt);
  }
  await sendFramesInRealTime(publisher, untilSeen(), signal);
  if (signal.aborted) return;
  for (const track of after.format.tracks) {
    const old = before.format.tracks.find(({ id }) => id === track.id);
    if (JSON.stringify(track) !== JSON.stringify(old))
      publisher.socket.send({ type: 'track-config', streamId, track });
  }
  await sendFramesInRealTime(publisher, fromThere(), signal);
}
