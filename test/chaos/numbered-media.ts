import { readFile } from 'node:fs/promises';
import { FragmentReader } from '../../server/hls/fragment-reader.js';
import { writeInitSegment } from '../../server/hls/init-segment.js';
import { writeFragment } from '../../server/hls/media-segment.js';
import type { Sample, Track } from '../../server/hls/sample.js';
import type { StreamFormat } from '../../server/protocol.js';
import { frameMessage, generateFrames } from '../helpers/frames.js';
import { generateMedia } from '../helpers/media.js';
import { digest } from './digest.js';

/** One binary message, made when its time has come. */
export interface NumberedMessage {
  /** Of its media, seconds from the beginning. */
  time: number;
  /** Decoding can begin here. */
  isKey: boolean;
  /** Of the video sample in it; undefined: sound. */
  digest: number | undefined;
  /** @param isFirst nothing was sent yet of what it belongs to */
  bytes(isFirst: boolean): ArrayBuffer;
}

/** Media without an end in which no two pictures are alike, as `start-stream` and binary messages. */
export interface NumberedMedia {
  format: StreamFormat;
  /** In the order of their times. */
  messages(): Generator<NumberedMessage, never>;
}

const RECIPE = { seconds: 4, size: '320x180', frameRate: 30 } as const;

/** Of the user data (ITU-T H.264 §D.1.7): whose it is. */
const UUID = 'livedrop-chaos-n';
const SEI = 6;
const USER_DATA_UNREGISTERED = 5;

/** Frames for the server as a browser encodes them: H.264 and Opus. */
export async function numberedFrames(): Promise<NumberedMedia> {
  const frames = await generateFrames({ ...RECIPE, video: 'h264', audio: 'opus' });
  return {
    format: frames.format,
    *messages() {
      for (let round = 0, count = 0; ; round++) {
        for (const frame of frames.frames) {
          const time = frame.timestamp / 1e6 + round * frames.seconds;
          if (frame.timestamp >= frames.seconds * 1e6 - 1) continue;
          const isVideo = frame.track === 0;
          const chunk = isVideo ? number(frame.chunk, count++) : frame.chunk;
          const header = { ...frame, timestamp: Math.round(time * 1e6) };
          yield {
            time,
            isKey: isVideo && frame.key,
            digest: isVideo ? digest(chunk) : undefined,
            bytes: () => bufferOf(frameMessage(header, chunk)),
          };
        }
      }
    },
  };
}

/** A fragmented MP4 of H.264 and AAC, a frame a fragment: the server's ffmpeg copies both. */
export async function numberedContainer(): Promise<NumberedMedia> {
  const video = await readMedia({ ...RECIPE, container: 'mp4', video: 'h264' }, 1);
  const audio = await readMedia({ ...RECIPE, container: 'mp4', audio: 'aac' }, 2);
  const header = writeInitSegment([video.track, audio.track]);
  const timeOf = ({ track: { timescale } }: { track: Track }, { dts }: Sample): number => dts / timescale;
  const samples = [video, audio]
    .flatMap((media) => media.samples.map((sample) => ({ media, sample, time: timeOf(media, sample) })))
    .filter(({ time }) => time < RECIPE.seconds - 1e-6)
    .sort((a, b) => a.time - b.time);
  return {
    format: { kind: 'container', mimeType: 'video/mp4;codecs=avc1,mp4a' },
    *messages() {
      for (let round = 0, count = 0, sequence = 1; ; round++) {
        for (const { media, sample, time } of samples) {
          const isVideo = media === video;
          const data = isVideo ? number(sample.data, count++) : sample.data;
          const dts = sample.dts + round * RECIPE.seconds * media.track.timescale;
          const run = { track: sample.track, samples: [{ ...sample, dts, data }] };
          const fragment = writeFragment(sequence++, [run]);
          yield {
            time: time + round * RECIPE.seconds,
            isKey: isVideo && sample.key,
            digest: isVideo ? digest(data) : undefined,
            bytes: (isFirst) => bufferOf(isFirst ? Buffer.concat([header, fragment]) : fragment),
          };
        }
      }
    },
  };
}

async function readMedia(
  recipe: Parameters<typeof generateMedia>[0],
  id: number,
): Promise<{ track: Track; samples: Sample[] }> {
  const { path } = await generateMedia(recipe);
  let track: Track | undefined;
  const samples: Sample[] = [];
  const reader = new FragmentReader({
    onTracks: ([first]) => (track = first && { ...first, id }),
    onSample: (sample) => samples.push({ ...sample, track: id }),
  });
  reader.push(await readFile(path));
  if (!track) throw new Error(`${path} has no track`);
  return { track, samples };
}

/** Puts a number before a frame's first NAL unit, which decoders skip: in digits, so that nothing needs escaping. */
function number(frame: Uint8Array, count: number): Uint8Array {
  const data = Buffer.from(UUID + String(count).padStart(10, '0'), 'latin1');
  const unit = Buffer.concat([
    Buffer.from([SEI, USER_DATA_UNREGISTERED, data.length]),
    data,
    Buffer.from([0x80]),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(unit.length);
  return Buffer.concat([length, unit, frame]);
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer;
}
