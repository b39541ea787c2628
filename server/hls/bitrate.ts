import type { Segment, Window } from './window.js';

export interface Bitrate {
  /** Bits a second of the densest run of segments of half to one and a half target durations. */
  peak: number;
  /** Bits a second of all of them. */
  average: number;
}

const bitsOf = ({ parts }: Segment): number => parts.reduce((sum, part) => sum + part.bytes.length * 8, 0);

/** The peak and the average segment bit rate of what a window lists (RFC 8216bis §4.4.6.2, "peak segment bit rate": §4.1). */
export function measureBitrate({ listed, options: { targetDuration } }: Window): Bitrate {
  const complete = listed.filter((segment) => segment.complete);
  const segments = complete.length > 0 ? complete : listed;
  const bits = segments.map(bitsOf);
  const average = rate(
    bits.reduce((sum, each) => sum + each, 0),
    segments.reduce((sum, { duration }) => sum + duration, 0),
  );
  let peak = average;
  for (let first = 0; first < segments.length; first++) {
    let length = 0;
    let sum = 0;
    for (let next = first; next < segments.length; next++) {
      length += segments[next]!.duration;
      sum += bits[next]!;
      if (length > targetDuration * 1.5) break;
      // 1e-6: a segment of just half a target duration is in, however its parts' lengths add up.
      if (length >= targetDuration * 0.5 - 1e-6) peak = Math.max(peak, rate(sum, length));
    }
  }
  return { peak, average };
}

const rate = (bits: number, seconds: number): number => (seconds > 0 ? Math.ceil(bits / seconds) : 0);
