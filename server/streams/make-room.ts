import type { Window } from '../hls/window.js';
import type { Stream } from './stream.js';

export interface RoomEvents {
  forget(stream: Stream): void;
  /** A segment was given up before its time. */
  onGivenUp(): void;
}

/**
 * Makes room for media where all streams together have too much. What nobody makes any more goes first: ended streams, the
 * oldest first. Then the largest window gives up its oldest segment, again and again, so that it is the streams with high
 * bitrates that can be rewound less far. No playlist becomes shorter than players need.
 * @param streams oldest first
 * @param excess bytes
 * @returns false when it is not enough
 */
export function makeRoom(streams: readonly Stream[], excess: number, events: RoomEvents): boolean {
  for (const stream of streams) {
    if (excess <= 0) return true;
    if (stream.status !== 'ended') continue;
    excess -= stream.bytes;
    events.forget(stream);
  }
  const windows = streams
    .filter(({ status }) => status !== 'ended')
    .flatMap(({ renditions }) => renditions.map(({ window }) => window));
  while (excess > 0) {
    const largest = takeLargest(windows);
    if (!largest) return false;
    const before = largest.bytes;
    if (!largest.giveUpOldest()) continue;
    excess -= before - largest.bytes;
    windows.push(largest);
    events.onGivenUp();
  }
  return true;
}

function takeLargest(windows: Window[]): Window | undefined {
  let index = 0;
  windows.forEach(({ bytes }, other) => {
    if (bytes > (windows[index]?.bytes ?? 0)) index = other;
  });
  return windows.splice(index, 1)[0];
}
