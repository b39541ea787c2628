import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  generateFrames,
  messagesOf,
  repeatFrames,
  type Frame,
  type FramesRecipe,
} from '../../helpers/frames.js';
import { generateMedia, type MediaRecipe } from '../../helpers/media.js';
import type { StartStreamMessage } from '../../../server/protocol.js';
import type { Server } from '../server.js';
import { newStreamId } from '../server.js';
import { StreamRecorder } from './stream-recorder.js';
import type { StreamRecording } from './media-rules.js';

/** A stream that was followed to its end. */
export interface Followed {
  name: string;
  recorder: StreamRecorder;
  recording: StreamRecording;
}

/** What publishers send: every kind of rate and of tracks. */
export const sources: Record<string, MediaRecipe> = {
  '24 frames a second': { container: 'mp4', video: 'h264', audio: 'aac', frameRate: 24 },
  '25 frames a second': { container: 'webm', video: 'h264', audio: 'opus', frameRate: 25 },
  '29.97 frames a second': { container: 'mp4', video: 'h264', audio: 'aac', frameRate: '30000/1001' },
  '30 frames a second': { container: 'webm', video: 'h264', audio: 'opus', frameRate: 30 },
  '60 frames a second': { container: 'webm', video: 'h264', audio: 'opus', frameRate: 60 },
  'a variable rate': {
    ...{ container: 'webm', video: 'h264', audio: 'opus', frameRate: 30 },
    select: 'gt(mod(n*7,11),3)',
  },
  'a screen share with pauses': {
    ...{ container: 'webm', video: 'h264', audio: 'opus', frameRate: 30, seconds: 6 },
    select: 'not(mod(n,20))+lt(mod(t,2.5),0.9)',
  },
  'a silent screen share': {
    ...{ container: 'webm', video: 'h264', frameRate: 30, seconds: 6 },
    select: 'not(mod(n,25))+lt(mod(t,3),0.5)',
  },
  'rare key frames': { container: 'mp4', video: 'h264', audio: 'aac', keyFrameInterval: 3.4, seconds: 8 },
  'sound alone': { container: 'webm', audio: 'opus' },
  'a picture alone': { container: 'mp4', video: 'h264' },
  'B-frames': { container: 'mp4', video: 'h264-b-frames', audio: 'aac' },
  'B-frames of MPEG-TS': { container: 'mpegts', video: 'h264-b-frames', audio: 'aac' },
  'VP8 that the server encodes': { container: 'webm', video: 'vp8', audio: 'opus' },
};

/** An encoder's frames, which of them are there, and whether the length of each is told before the next one comes. */
interface FrameSource {
  recipe: FramesRecipe;
  keep?(frame: Frame, index: number): boolean;
}

const picture = { video: 'h264', audio: 'aac' } as const;
const isBetween = ({ timestamp }: Frame, from: number, to: number): boolean =>
  timestamp >= from * 1e6 && timestamp < to * 1e6;

/** What WebCodecs hands out: video is track 0. The first segment is that of the second key frame, right after the first part. */
export const frameSources: Record<string, FrameSource> = {
  '24 frames a second of an encoder': { recipe: { ...picture, frameRate: 24 } },
  '29.97 frames a second of an encoder': { recipe: { ...picture, frameRate: '30000/1001' } },
  '30 frames a second of an encoder': { recipe: { ...picture, earlyKeyFrame: 0.2 } },
  '60 frames a second of an encoder': { recipe: { ...picture, frameRate: 60 } },
  'Opus of an encoder': { recipe: { video: 'h264', audio: 'opus', earlyKeyFrame: 0.2 } },
  'sound of an encoder': { recipe: { audio: 'aac' } },
  'frames that are dropped': {
    recipe: picture,
    keep: ({ track, key }, index) => track !== 0 || key || (index * 7) % 11 > 3,
  },
  'frames that pause': {
    recipe: { ...picture, seconds: 6 },
    keep: (frame) => frame.track !== 0 || !(isBetween(frame, 1.3, 1.9) || isBetween(frame, 3.1, 4.9)),
  },
};

/** PART-TARGET of each where 0.2 s are wanted, and where 0.1 s are: the nearest whole number of frames, in milliseconds rounded up. */
export const partTargets: Record<string, readonly [number, number]> = {
  '24 frames a second': [0.209, 0.084],
  '25 frames a second': [0.2, 0.12],
  '29.97 frames a second': [0.201, 0.101],
  '30 frames a second': [0.2, 0.1],
  '60 frames a second': [0.2, 0.1],
  '24 frames a second of an encoder': [0.209, 0.084],
  '29.97 frames a second of an encoder': [0.201, 0.101],
  '30 frames a second of an encoder': [0.2, 0.1],
  '60 frames a second of an encoder': [0.2, 0.1],
};

/** Whether a frame's length is known only when the next one comes: too late where the part that it ends is out. */
export const isGuessed = (name: string): boolean => name.startsWith('frames that');

/** What MediaRecorder of real browsers made of a picture drawn as a busy page draws (test/fixtures/recordings). */
export const recordings = [
  'chromium-h264-opus.webm',
  'chromium-h264-opus.mp4',
  'chromium-vp8-opus.webm',
  'firefox-vp8-opus.webm',
];

const RECORDED_SECONDS = 4;

/** So much at the end of a file may come out only when the stream stops, seconds. */
const UNSEEN = 1.5;

/** Faster than it was recorded, and slow enough for one part to come after the other. */
const SPEED = 3;

/** Publishes a file, follows it, and stops when nearly all is there. */
export async function follow(server: Server, name: string, recipe: MediaRecipe): Promise<Followed[]> {
  const { chunks, seconds } = await generateMedia(recipe);
  return followChunks(server, name, chunks, seconds);
}

/** Publishes a recording of a browser in messages of about 0.1 s. */
export async function followRecording(server: Server, name: string): Promise<Followed[]> {
  const bytes = await readFile(fileURLToPath(new URL(`../../fixtures/recordings/${name}`, import.meta.url)));
  const length = Math.ceil(bytes.length / (RECORDED_SECONDS * 10));
  const starts = Array.from({ length: Math.ceil(bytes.length / length) }, (_, index) => index * length);
  const chunks = starts.map((start) => bytes.subarray(start, start + length));
  return followChunks(server, name, chunks, RECORDED_SECONDS);
}

/** Publishes an encoder's frames. */
export async function followFrames(server: Server, name: string): Promise<Followed[]> {
  const { recipe, keep = () => true } = frameSources[name]!;
  const { format, frames, seconds } = await generateFrames(recipe);
  return followChunks(server, name, messagesOf(frames.filter(keep)), seconds, { format });
}

/** The name of a stream of which one watched from half of it on. */
export const joinedLate = (name: string): string => `${name}, joined late`;

/** Follows it from its beginning, and by another one who comes in the middle of a segment. */
async function followChunks(
  server: Server,
  name: string,
  chunks: readonly Uint8Array[],
  seconds: number,
  { speed = SPEED, ...fields }: Partial<StartStreamMessage> & { speed?: number } = {},
): Promise<Followed[]> {
  const publisher = await server.publish(newStreamId('llhls'), fields);
  const recorder = new StreamRecorder(server.hls(publisher.streamId));
  const joined = recorder
    .reachesMiddle(seconds / 2)
    .then(() => new StreamRecorder(server.hls(publisher.streamId)));
  joined.catch(() => {});
  await publisher.sendInRealTime(chunks, seconds / speed);
  await recorder.reaches(seconds - UNSEEN);
  await publisher.stop();
  const late = await joined;
  return [
    { name, recorder, recording: await recorder.ended },
    { name: joinedLate(name), recorder: late, recording: await late.ended },
  ];
}

/** The name of a stream that is longer than its playlist. */
export const SLIDING = 'a window that slides';

/** Longer than what is listed and less than what is kept, seconds: what left the playlist can all be had. */
const SLIDING_SECONDS = 24;

/** A stream of which segments leave the playlist, and most of it is known to those who ask for deltas. */
export async function followSliding(server: Server): Promise<Followed[]> {
  const media = await generateFrames({ video: 'h264', audio: 'opus', seconds: 2 });
  const frames: Frame[] = [];
  for (const frame of repeatFrames(media)) {
    if (frame.timestamp >= SLIDING_SECONDS * 1e6) break;
    frames.push(frame);
  }
  const { format } = media;
  return followChunks(server, SLIDING, messagesOf(frames), SLIDING_SECONDS, { format, speed: 4 });
}

/** One whose publisher goes away and begins again, which viewers see as a discontinuity; with a second one who watches from there on. */
export async function followDiscontinuity(server: Server): Promise<Followed[]> {
  const { chunks, seconds } = await generateMedia(sources['30 frames a second']!);
  const publisher = await server.publish(newStreamId('llhls'));
  const recorder = new StreamRecorder(server.hls(publisher.streamId));
  publisher.send(chunks);
  await recorder.reaches(seconds - 1);
  publisher.socket.terminate();
  const other = await generateMedia(sources['25 frames a second']!);
  const again = await server.publish(publisher.streamId);
  const late = new StreamRecorder(server.hls(publisher.streamId));
  again.send(other.chunks);
  await recorder.reaches(seconds + other.seconds - 2);
  await again.stop();
  return [
    { name: 'a discontinuity', recorder, recording: await recorder.ended },
    { name: 'a late joiner', recorder: late, recording: await late.ended },
  ];
}
