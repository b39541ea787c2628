export interface AudioTarget {
  /** Hertz, of what is encoded. */
  sampleRate: number;
  channels: number;
  /** Bits per second. */
  bitrate: number;
}

/** In Chromium and Firefox, and not in TypeScript's DOM library of every version. */
interface OpusEncoderConfig extends AudioEncoderConfig {
  opus?: { application?: string; frameDuration?: number };
}

/**
 * AAC where the browser encodes it (Safari, Chrome on Windows and macOS): every HLS player takes it. Opus otherwise
 * (Chromium on Linux, Firefox), and not an AAC encoder in wasm: that is 253 kB more to load before the first frame,
 * five times this widget, and more than three times the CPU time of the browser's own Opus, beside the video encoder,
 * while every player with Media Source Extensions plays Opus as it is. For those without, the server can make AAC, and only while somebody needs it.
 */
function candidates({ sampleRate, channels, bitrate }: AudioTarget): OpusEncoderConfig[] {
  const common = { sampleRate, numberOfChannels: channels, bitrate };
  return [
    { ...common, codec: 'mp4a.40.2' },
    { ...common, codec: 'opus', opus: { application: 'audio' } },
    { ...common, codec: 'opus' },
  ];
}

/** The configuration to encode audio with; undefined where this browser does not. */
export async function audioConfig(target: AudioTarget): Promise<AudioEncoderConfig | undefined> {
  if (!('AudioEncoder' in globalThis)) return undefined;
  for (const config of candidates(target)) {
    const answer = await AudioEncoder.isConfigSupported(config).catch(() => undefined);
    if (answer?.supported) return config;
  }
  return undefined;
}
