import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { readAvcC } from '../../server/hls/avc-config.js';
import { findBox } from '../../server/hls/boxes.js';
import { FragmentReader } from '../../server/hls/fragment-reader.js';
import { splitLengths } from '../../server/hls/h264-nal.js';
import type { Sample, Track } from '../../server/hls/sample.js';
import type { FramesFormat, TrackConfig } from '../../server/protocol.js';
import { generateMedia, type Media, type MediaRecipe } from './media.js';
import type { Publisher } from './publisher.js';

/** What the 16 bytes before a chunk say (frames format). */
export interface FrameHeader {
  /** Id of its track. */
  track: number;
  key: boolean;
  /** Of its presentation, microseconds. */
  timestamp: number;
  /** Microseconds; 0 = unknown. */
  duration: number;
}

/** One encoded frame of a file. */
export interface Frame extends FrameHeader {
  chunk: Uint8Array;
  /** Header and chunk: a binary message. */
  message: Uint8Array;
}

/** A file's frames as an encoder in a browser hands them out. */
export interface Frames {
  /** Of the MP4 with the video, or with the audio where there is no video. */
  path: string;
  seconds: number;
  /** For `start-stream`. Video is track 0, audio track 1. */
  format: FramesFormat;
  /** In the order of their timestamps. */
  frames: Frame[];
}

export type FramesRecipe = Omit<MediaRecipe, 'container' | 'video'> & { video?: 'h264' };

const VIDEO_ID = 0;
const AUDIO_ID = 1;

/** A binary message of the frames format. */
export function frameMessage(header: FrameHeader, chunk: Uint8Array): Uint8Array {
  const message = new Uint8Array(16 + chunk.length);
  const data = new DataView(message.buffer);
  data.setUint8(0, header.track);
  data.setUint8(1, header.key ? 1 : 0);
  data.setBigInt64(4, BigInt(header.timestamp));
  data.setUint32(12, header.duration);
  message.set(chunk, 16);
  return message;
}

/**
 * Encodes media with ffmpeg, or takes it from an earlier run, and reads the frames: H.264 without B-frames. Both tracks
 * begin at 0.
 */
export async function generateFrames(recipe: FramesRecipe): Promise<Frames> {
  // One file each: in a common one ffmpeg moves the picture by what an audio encoder adds in front of the sound.
  const { audio, video, ...rest } = recipe;
  const files: Media[] = [];
  if (video) files.push(await generateMedia({ ...rest, video, container: 'mp4' }));
  if (audio) files.push(await generateMedia({ ...rest, audio, container: 'mp4' }));
  const media = await Promise.all(files.map(({ path }) => readMedia(path)));
  const frames = media.flatMap(({ track, samples }) => samples.map((sample) => toFrame(sample, track)));
  const tracks = media.map(({ track }) => toConfig(track, recipe));
  const { path, seconds } = files[0]!;
  return {
    path,
    seconds,
    format: { kind: 'frames', tracks },
    frames: frames.sort((a, b) => a.timestamp - b.timestamp),
  };
}

async function readMedia(path: string): Promise<{ track: Track; samples: Sample[] }> {
  let track: Track | undefined;
  const samples: Sample[] = [];
  const reader = new FragmentReader({
    onTracks: (found) => (track = found[0]),
    onSample: (sample) => samples.push(sample),
  });
  reader.push(await readFile(path));
  return { track: track!, samples };
}

function toFrame(sample: Sample, { kind, timescale }: Track): Frame {
  const micros = (ticks: number) => Math.round((ticks / timescale) * 1e6);
  const timestamp = micros(sample.dts);
  const duration = micros(sample.dts + sample.duration) - micros(sample.dts);
  const track = kind === 'video' ? VIDEO_ID : AUDIO_ID;
  const header = { track, key: sample.key, timestamp, duration };
  return { ...header, chunk: sample.data, message: frameMessage(header, sample.data) };
}

function toConfig(track: Track, { frameRate = 30 }: FramesRecipe): TrackConfig {
  const { kind, codec, sampleEntry } = track;
  if (kind === 'video') {
    const [numerator = 30, denominator = 1] = String(frameRate).split('/').map(Number);
    const description = base64(findBox(sampleEntry.subarray(86), 'avcC')!.body);
    const { width = 0, height = 0 } = track;
    return { id: VIDEO_ID, kind, codec, width, height, frameRate: numerator / denominator, description };
  }
  const { sampleRate = 0, channels = 0 } = track;
  const description = base64(codec === 'opus' ? opusHead(sampleEntry) : audioSpecificConfig(sampleEntry));
  return { id: AUDIO_ID, kind, codec, sampleRate, channels, description };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** As WebCodecs gives it: the Ogg header (RFC 7845 §5.1), little-endian where `dOps` is big-endian. */
function opusHead(entry: Uint8Array): Uint8Array {
  const dOps = Buffer.from(findBox(entry.subarray(36), 'dOps')!.body);
  const head = Buffer.alloc(19);
  head.write('OpusHead');
  head.writeUInt8(1, 8);
  head.writeUInt8(dOps.readUInt8(1), 9);
  head.writeUInt16LE(dOps.readUInt16BE(2), 10);
  head.writeUInt32LE(dOps.readUInt32BE(4), 12);
  head.writeInt16LE(dOps.readInt16BE(8), 16);
  return head;
}

/** What stands in the DecoderSpecificInfo (tag 5) of the esds as ffmpeg writes it, its size in four bytes. */
function audioSpecificConfig(entry: Uint8Array): Uint8Array {
  const esds = Buffer.from(findBox(entry.subarray(36), 'esds')!.body);
  const at = esds.indexOf(Buffer.from([0x05, 0x80, 0x80, 0x80]));
  return esds.subarray(at + 5, at + 5 + esds.readUInt8(at + 4));
}

/** The frames again and again, with timestamps that go on; exact where `seconds` holds whole frames of every track. */
export function* repeatFrames({ frames, seconds }: Frames): Generator<Frame, never> {
  const within = frames.filter(({ timestamp }) => timestamp < seconds * 1e6 - 1);
  for (let round = 0; ; round++) {
    for (const frame of within) yield moveFrame(frame, round * seconds * 1e6);
  }
}

/** Frames of a time on, or up to it, seconds. */
export const framesFrom = (frames: readonly Frame[], time: number): Frame[] =>
  frames.filter(({ timestamp }) => timestamp >= time * 1e6);
export const framesUntil = (frames: readonly Frame[], time: number): Frame[] =>
  frames.filter(({ timestamp }) => timestamp < time * 1e6);

/** A frame at another time. @param by microseconds */
export function moveFrame(frame: Frame, by: number): Frame {
  const moved = { ...frame, timestamp: Math.round(frame.timestamp + by) };
  return { ...moved, message: frameMessage(moved, frame.chunk) };
}

/** The messages of frames, for {@link Publisher.send}. */
export const messagesOf = (frames: readonly Frame[]): Uint8Array[] => frames.map(({ message }) => message);

/**
 * Sends frames when they are complete by their timestamps, as an encoder does; resolves when all are sent or the signal
 * says so.
 * @param frames for example {@link Frames.frames} or {@link repeatFrames}
 */
export async function sendFramesInRealTime(
  publisher: Publisher,
  frames: Iterable<Frame>,
  signal?: AbortSignal,
): Promise<void> {
  const start = performance.now();
  let first: number | undefined;
  for (const frame of frames) {
    first ??= frame.timestamp;
    const due = start + (frame.timestamp - first) / 1000;
    if (due > performance.now()) {
      await delay(due - performance.now(), undefined, signal ? { signal } : {}).catch(() => {});
    }
    if (signal?.aborted) return;
    publisher.send([frame.message]);
  }
}

/**
 * The same video as an encoder gives it with `avc: { format: 'annexb' }`: no description, start codes, and parameter sets
 * before each key frame.
 */
export function toAnnexB({ format, frames, ...rest }: Frames): Frames {
  const [video] = format.tracks;
  const { sps, pps } = readAvcC(Buffer.from(video!.description!, 'base64'));
  const startCode = Buffer.from([0, 0, 0, 1]);
  const rewritten = frames.map((frame) => {
    if (frame.track !== VIDEO_ID) return frame;
    const nals = [...(frame.key ? [...sps, ...pps] : []), ...splitLengths(frame.chunk, 4)];
    const chunk = Buffer.concat(nals.flatMap((nal) => [startCode, nal]));
    return { ...frame, chunk, message: frameMessage(frame, chunk) };
  });
  const tracks = format.tracks.map(({ description, ...track }) =>
    track.kind === 'video' ? track : { ...track, ...(description ? { description } : {}) },
  ) as TrackConfig[];
  return { ...rest, format: { kind: 'frames', tracks }, frames: rewritten };
}
