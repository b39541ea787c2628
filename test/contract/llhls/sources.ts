import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { generateMedia, type MediaRecipe } from '../../helpers/media.js';
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
export async function follow(server: Server, name: string, recipe: MediaRecipe): Promise<Followed> {
  const { chunks, seconds } = await generateMedia(recipe);
  return followChunks(server, name, chunks, seconds);
}

/** Publishes a recording of a browser in messages of about 0.1 s. */
export async function followRecording(server: Server, name: string): Promise<Followed> {
  const bytes = await readFile(fileURLToPath(new URL(`../../fixtures/recordings/${name}`, import.meta.url)));
  const length = Math.ceil(bytes.length / (RECORDED_SECONDS * 10));
  const starts = Array.from({ length: Math.ceil(bytes.length / length) }, (_, index) => index * length);
  const chunks = starts.map((start) => bytes.subarray(start, start + length));
  return followChunks(server, name, chunks, RECORDED_SECONDS);
}

async function followChunks(
  server: Server,
  name: string,
  chunks: readonly Uint8Array[],
  seconds: number,
): Promise<Followed> {
  const publisher = await server.publish(newStreamId('llhls'));
  const recorder = new StreamRecorder(server.hls(publisher.streamId));
  await publisher.sendInRealTime(chunks, seconds / SPEED);
  await recorder.reaches(seconds - UNSEEN);
  await publisher.stop();
  return { name, recorder, recording: await recorder.ended };
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
