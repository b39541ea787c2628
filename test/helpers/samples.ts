import { ascii, box, concat, fullBox, u16, u32, u8 } from '../../server/hls/boxes.js';
import type { Sample, Track } from '../../server/hls/sample.js';

/** An avc1 sample entry as ffmpeg writes it, of a stream that no decoder is given. */
export function avcEntry(width = 640, height = 360): Uint8Array {
  return box(
    'avc1',
    u32(0),
    u16(0, 1, 0, 0),
    u32(0, 0, 0),
    u16(width, height),
    u32(0x480000, 0x480000, 0),
    u16(1),
    new Uint8Array(32),
    u16(0x18, 0xffff),
    box('avcC', u8(1, 0x42, 0xe0, 0x1f, 0xff, 0xe1, 0, 0, 1, 0, 0)),
  );
}

/** An mp4a sample entry of AAC-LC. */
function aacEntry(sampleRate = 48_000, channels = 2): Uint8Array {
  const config = u8(5, 2, 0x11, 0x90);
  const decoder = concat([u8(4, 13 + config.length, 0x40, 0x15, 0, 0, 0), u32(0, 0), config]);
  const descriptor = concat([u8(3, 3 + decoder.length, 0, 1, 0), decoder]);
  return box(
    'mp4a',
    u32(0),
    u16(0, 1),
    u32(0, 0),
    u16(channels, 16, 0, 0),
    u32(sampleRate * 65_536),
    fullBox('esds', 0, 0, descriptor),
  );
}

export const videoTrack: Track = {
  id: 1,
  kind: 'video',
  timescale: 90_000,
  codec: 'avc1.42E01F',
  sampleEntry: avcEntry(),
  width: 640,
  height: 360,
};

export const audioTrack: Track = {
  id: 2,
  kind: 'audio',
  timescale: 48_000,
  codec: 'mp4a.40.2',
  sampleEntry: aacEntry(),
  sampleRate: 48_000,
  channels: 2,
};

export interface SourceOptions {
  /** Seconds. */
  length: number;
  frameRate?: number;
  /** Frames from one key frame to the next. */
  gop?: number;
  video?: boolean;
  audio?: boolean;
  /** Times in whole milliseconds, as WebM has them. */
  milliseconds?: boolean;
  /** Of the first sample, seconds. */
  start?: number;
}

/** Samples of a regular source in the order of their decode times; each one's data tells it from all others. */
export function makeSamples(options: SourceOptions): Sample[] {
  const { length, frameRate = 30, gop = frameRate, video = true, audio = true, start = 0 } = options;
  const samples: (Sample & { time: number })[] = [];
  if (video) {
    const at = (index: number): number => {
      const time = start + index / frameRate;
      const rounded = options.milliseconds ? Math.round(time * 1000) / 1000 : time;
      return Math.round(rounded * videoTrack.timescale);
    };
    for (let index = 0; index < length * frameRate; index++) {
      const dts = at(index);
      const duration = at(index + 1) - dts;
      const data = ascii(`video frame ${index}`);
      const key = index % Math.round(gop) === 0;
      samples.push({
        track: 1,
        dts,
        compositionOffset: 0,
        duration,
        key,
        data,
        time: dts / videoTrack.timescale,
      });
    }
  }
  if (audio) {
    for (let index = 0; (index * 1024) / audioTrack.timescale < length; index++) {
      const dts = Math.round(start * audioTrack.timescale) + index * 1024;
      const data = ascii(`audio frame ${index}`);
      const time = dts / audioTrack.timescale;
      samples.push({ track: 2, dts, compositionOffset: 0, duration: 1024, key: true, data, time });
    }
  }
  return samples.sort((a, b) => a.time - b.time).map(({ time: _time, ...sample }) => sample);
}
