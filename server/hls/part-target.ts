/** Frame rates that sources have, a second. */
const KNOWN_RATES = [
  1,
  2,
  5,
  7.5,
  8,
  10,
  12,
  12.5,
  15,
  20,
  24_000 / 1001,
  24,
  25,
  30_000 / 1001,
  30,
  48,
  50,
  60_000 / 1001,
  60,
  90,
  120,
];

/** How far a measured rate may be from a known one to be taken for it: 29.97 and 30 are 0.1 % apart. */
const SNAP = 0.02;

/** Frames are regular when most are so near to the middle one. */
const REGULAR_WITHIN = 0.2;
const REGULAR_SHARE = 0.6;
/** So many at least: one slow frame at the beginning must not make long parts for ever. */
const REGULAR_LEAST = 3;

/** WebM and Matroska times are whole milliseconds, so durations wander by one. */
const ROUNDING_SLACK = 0.001;

export interface PartTarget {
  /** EXT-X-PART-INF PART-TARGET (RFC 8216bis §4.4.3.7), seconds, whole milliseconds. */
  partTarget: number;
  /** Seconds; of audio, the length of its frames. */
  frameDuration: number;
  /** Most frames were of that length. */
  isRegular: boolean;
}

/**
 * The whole number of frames nearest to the wanted part length: 0.2 s is impossible at 24 frames a second,
 * where four frames fall short of the 85 % that a part must have and five overshoot. Where frames come as they like,
 * as from a recorder that drops some, it is the wanted length.
 * @param durations of the first frames, seconds
 * @param wanted part length, seconds
 */
export function choosePartTarget(durations: readonly number[], wanted: number): PartTarget {
  const measured = median(durations.filter((duration) => duration > 0)) ?? wanted;
  const near = durations.filter((duration) => Math.abs(duration - measured) <= measured * REGULAR_WITHIN);
  if (durations.length < REGULAR_LEAST || near.length < durations.length * REGULAR_SHARE) {
    // No frame length to speak of: a whole number of frames cannot be had.
    return { partTarget: wanted, frameDuration: measured, isRegular: false };
  }
  const frameDuration = snap(measured, durations);
  const frames = Math.max(1, Math.round(wanted / frameDuration));
  const wanders = durations.some((duration) => Math.abs(duration - frameDuration) > 0.0002);
  const exact = frames * frameDuration + (wanders ? ROUNDING_SLACK : 0);
  // 1e-9: 6 / 30 is a hair above 0.2 in binary and must not become 0.201.
  return { partTarget: Math.ceil(exact * 1000 - 1e-6) / 1000, frameDuration, isRegular: true };
}

function snap(measured: number, durations: readonly number[]): number {
  // The mean tells 29.97 from 30 where rounded times cannot.
  const mean = durations.reduce((sum, duration) => sum + duration, 0) / Math.max(1, durations.length);
  const rate = 1 / (Math.abs(mean - measured) < ROUNDING_SLACK ? mean : measured);
  let best: number | undefined;
  for (const known of KNOWN_RATES) {
    if (best === undefined || Math.abs(known - rate) < Math.abs(best - rate)) best = known;
  }
  return best !== undefined && Math.abs(best - rate) / best < SNAP ? 1 / best : measured;
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
