import type { TrackConfig, VideoTrackConfig } from '../../../server/protocol.js';

/** One binary message of the frames format, taken apart. */
export interface Frame {
  trackId: number;
  isKey: boolean;
  /** µs. */
  timestamp: number;
  /** µs. */
  duration: number;
  chunk: Uint8Array<ArrayBuffer>;
}

export function parseFrame(message: ArrayBuffer): Frame {
  const view = new DataView(message);
  return {
    trackId: view.getUint8(0),
    isKey: (view.getUint8(1) & 1) === 1,
    timestamp: Number(view.getBigInt64(4)),
    duration: view.getUint32(12),
    chunk: new Uint8Array(message, 16),
  };
}

export const isVideo = ({ trackId }: Frame): boolean => trackId === 0;
export const isAudio = ({ trackId }: Frame): boolean => trackId === 1;

function descriptionOf({ description }: TrackConfig): { description?: Uint8Array<ArrayBuffer> } {
  return description ? { description: Uint8Array.from(atob(description), (c) => c.charCodeAt(0)) } : {};
}

/** Decodes a video track's frames; rejects where a decoder cannot. */
export async function decodeVideo(
  track: VideoTrackConfig,
  frames: readonly Frame[],
): Promise<{ timestamp: number; width: number; height: number }[]> {
  const decoded: { timestamp: number; width: number; height: number }[] = [];
  let failure: Error | undefined;
  const decoder = new VideoDecoder({
    output(frame) {
      decoded.push({ timestamp: frame.timestamp, width: frame.displayWidth, height: frame.displayHeight });
      frame.close();
    },
    error: (error) => (failure = error),
  });
  decoder.configure({ codec: track.codec, ...descriptionOf(track), optimizeForLatency: true });
  for (const { isKey, timestamp, chunk } of frames) {
    decoder.decode(new EncodedVideoChunk({ type: isKey ? 'key' : 'delta', timestamp, data: chunk }));
  }
  await decoder.flush();
  if (failure) throw failure;
  return decoded;
}

/** Decodes an audio track's frames: how many samples came out, and the loudest. */
export async function decodeAudio(
  track: TrackConfig & { kind: 'audio' },
  frames: readonly Frame[],
): Promise<{ samples: number; peak: number }> {
  let samples = 0;
  let peak = 0;
  let failure: Error | undefined;
  const decoder = new AudioDecoder({
    output(data) {
      samples += data.numberOfFrames;
      const plane = new Float32Array(data.numberOfFrames);
      data.copyTo(plane, { planeIndex: 0, format: 'f32-planar' });
      for (const sample of plane) peak = Math.max(peak, Math.abs(sample));
      data.close();
    },
    error: (error) => (failure = error),
  });
  decoder.configure({
    codec: track.codec,
    sampleRate: track.sampleRate,
    numberOfChannels: track.channels,
    ...descriptionOf(track),
  });
  for (const { timestamp, chunk } of frames) {
    decoder.decode(new EncodedAudioChunk({ type: 'key', timestamp, data: chunk }));
  }
  await decoder.flush();
  if (failure) throw failure;
  return { samples, peak };
}
