import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { generateMedia } from '../helpers/media.js';

/** Files as browsers write them, and one of a kind that they do not write. */
export async function readRecordings(): Promise<Uint8Array[]> {
  const names = [
    'chromium-h264-opus.webm',
    'chromium-h264-opus.mp4',
    'chromium-vp8-opus.webm',
    'firefox-vp8-opus.webm',
  ];
  const transportStream = await generateMedia({
    container: 'mpegts',
    video: 'h264',
    audio: 'aac',
    seconds: 2,
  });
  return Promise.all([...names.map(recordingPath), transportStream.path].map((path) => readFile(path)));
}

/** Where a recording is. */
export const recordingPath = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/recordings/${name}`, import.meta.url));
