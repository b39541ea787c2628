import type { Size } from './frame-size.js';

/** What is asked of the video encoder. */
export interface VideoTarget extends Size {
  /** A second. */
  frameRate: number;
  /** Bits per second. */
  bitrate: number;
}

/**
 * Constrained Baseline first: it has no B slices (ISO/IEC 14496-10 §A.2.1), so frames come in the order in which they
 * are shown, and a decoder shows each at once instead of holding some back for an order that never comes.
 */
const PROFILES: readonly string[] = ['42E0', '4D00', '6400'];

/** ISO/IEC 14496-10 table A-1: level, macroblocks a second, macroblocks a frame. */
const LEVELS: readonly (readonly [level: number, rate: number, size: number])[] = [
  [30, 40_500, 1620],
  [31, 108_000, 3600],
  [32, 216_000, 5120],
  [40, 245_760, 8192],
  [42, 522_240, 8704],
  [50, 589_824, 22_080],
  [51, 983_040, 36_864],
  [52, 2_073_600, 36_864],
];

/** The lowest H.264 level that a picture of this size and rate fits into, times ten; 5.2 where none is enough. */
export function h264Level({ width, height, frameRate }: Omit<VideoTarget, 'bitrate'>): number {
  const size = Math.ceil(width / 16) * Math.ceil(height / 16);
  const fits = LEVELS.find(([, rate, most]) => size <= most && size * frameRate <= rate);
  return fits?.[0] ?? 52;
}

/** Best first. */
export function h264Candidates(target: VideoTarget): VideoEncoderConfig[] {
  const level = h264Level(target).toString(16).padStart(2, '0').toUpperCase();
  return PROFILES.map((profile) => ({
    codec: `avc1.${profile}${level}`,
    width: target.width,
    height: target.height,
    bitrate: target.bitrate,
    framerate: target.frameRate,
    latencyMode: 'realtime',
    // A constant one lets encoders leave frames out to keep it; the adaptive upload takes care of what is too much.
    bitrateMode: 'variable',
    // With the parameter sets apart, as fMP4 wants them (ISO/IEC 14496-15 §5.3.3).
    avc: { format: 'avc' },
  }));
}

/** The configuration to encode H.264 with; undefined where this browser does not. */
export async function h264Config(target: VideoTarget): Promise<VideoEncoderConfig | undefined> {
  if (!('VideoEncoder' in globalThis)) return undefined;
  for (const config of h264Candidates(target)) {
    const answer = await VideoEncoder.isConfigSupported(config).catch(() => undefined);
    if (answer?.supported) return config;
  }
  return undefined;
}
